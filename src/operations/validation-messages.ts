import type { ValidatedJob } from '../store/types.js';
import type { Connectors } from './connectors/connector.js';
import type { CheckedConnectors } from './connectors/validation.js';
import type { SystemOptions } from './sysconfig.js';

/** Sent to a validation process; it answers each with one `ValidationAnswer`. */
export interface ValidationRequest {
  spec: Record<string, unknown>;
  options: SystemOptions;
}

/** The other thing that it is asked: to check the connections of a configuration file. */
export interface ConnectorsRequest {
  connectors: Connectors;
  options: SystemOptions;
}

/** And: to tell the schema of jobs. */
export interface SchemaRequest {
  describe: true;
  options: SystemOptions;
}

/** JSON Schema, draft 2020-12. */
export interface SchemaAnswer {
  jobSchema: Record<string, unknown>;
}

export type ConnectorsAnswer = CheckedConnectors;

export type ValidationAnswer =
  /** `undeclared`: for the log, what no schema knows. */
  { job: ValidatedJob; warnings: unknown[]; undeclared: string[] } | { invalid: string };

/** The process is up; sent once, before anything else. */
export interface ValidationReady {
  ready: true;
}

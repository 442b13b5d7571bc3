import type { ValidatedJob } from '../store/types.js';
import type { SystemOptions } from './sysconfig.js';

/** Sent to a validation process; it answers each with one `ValidationAnswer`. */
export interface ValidationRequest {
  spec: Record<string, unknown>;
  options: SystemOptions;
}

export type ValidationAnswer = { job: ValidatedJob; warnings: unknown[] } | { invalid: string };

/** The process is up; sent once, before anything else. */
export interface ValidationReady {
  ready: true;
}

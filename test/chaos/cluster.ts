import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, parseIdentity, type ProcessIdentity } from '../../src/workers/process-identity.js';
import type { FoundProcess } from '../support/processes.js';
import type { Target } from './plan.js';

export type MemberKind = 'temporal' | 'master' | 'node';

/** A process of the cluster that is started again when it ends, as it runs now. */
export interface Member extends ProcessIdentity {
  name: string;
  kind: MemberKind;
}

/** A whole Temposlice of which every part can be killed, suspended and started again. */
export interface Cluster {
  /** Of the REST API. May be another one once everything was started again. */
  readonly url: string;
  /** Address of the Temporal server. */
  readonly temporal: string;
  readonly dataDir: string;
  /** Whom faults may hit. */
  readonly targets: readonly Target[];
  /** Ends it in order; its data stay. */
  stop(): Promise<void>;
  /** Those that run or stand still. */
  members(): Member[];
  /** Every living process of it, hosts and supervisors included. */
  family(): FoundProcess[];
  /** From now on these stay down when they end, if somebody can see to that; each `hold` needs a `release`. */
  hold(names: string[]): void;
  /** Lets these run again, and resolves when they do. */
  release(names: string[]): Promise<void>;
  /** Ends the supervisor as by `kill -9`, and nothing else. */
  killSupervisor(): void;
}

/** The running process that a pid file names. */
export function recorded(dataDir: string, name: string): ProcessIdentity | undefined {
  try {
    const identity = parseIdentity(readFileSync(join(dataDir, 'run', `${name}.pid`), 'utf8'));
    return identity && isRunning(identity) ? identity : undefined;
  } catch {
    return undefined;
  }
}

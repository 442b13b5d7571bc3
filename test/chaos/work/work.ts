import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionDocument, FailedSlice } from '../../../src/store/types.js';
import type { Job } from '../../support/stack.js';

/** How a job's last execution ended, with all that went before. */
export interface Ending {
  execution: ExecutionDocument;
  /** Failed slices of the last execution. */
  errors: FailedSlice[];
}

/** A job, and what must have become of it in the end whatever happened meanwhile. */
export interface Work {
  /** Such as "files". */
  kind: string;
  job: Job;
  /** Folder of its `file_exporter`. */
  output: string;
  /** Slices that leave no file, since they hold no record. */
  emptySlices: number;
  /** Whether it can be stopped or terminated, recovered, and still leave exactly the same output. */
  recoverable: boolean;
  /** Whether nothing is processed while it is paused: no slice outlasts its lease. */
  stillWhenPaused: boolean;
  /** What is wrong with how it ended, one line each. */
  complaints(ending: Ending): string[];
}

/** Every line of the files that `file_exporter` left, and the number of those files: one for each slice. */
export function outputOf(folder: string): { lines: string[]; files: number } {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.ldjson')) : [];
  const lines = files.flatMap((file) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'));
  return { lines, files: files.length };
}

/** What is missing of the expected records, what is there that must not be, and what is there twice. */
export function compare(expected: Iterable<string>, found: string[]): string[] {
  const wanted = new Set(expected);
  const seen = new Set<string>();
  const twice: string[] = [];
  const surplus: string[] = [];
  for (const line of found) {
    if (seen.has(line)) twice.push(line);
    else if (!wanted.has(line)) surplus.push(line);
    seen.add(line);
  }
  const missing = [...wanted].filter((line) => !seen.has(line));
  return [
    ...describe('missing in the output', missing),
    ...describe('in the output and not expected', surplus),
    ...describe('more than once in the output', twice),
  ];
}

const describe = (what: string, lines: string[]): string[] =>
  lines.length === 0 ? [] : [`${lines.length} records ${what}: ${lines.slice(0, 3).join(' ')}`];

export function expectStatus({ execution }: Ending, status: string): string[] {
  const { _status, _failureReason: reason } = execution;
  return _status === status ? [] : [`it ended ${_status}, not ${status}: ${reason}`];
}

/** A seed for a part of a run, from the seed of the run. */
export const seedOf = (seed: number, part: string): number =>
  createHash('sha256').update(`${seed}/${part}`).digest().readInt32LE();

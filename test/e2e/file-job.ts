import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { exported, type Job, type TestStack } from '../support/stack.js';

const RECORDS_A_FILE = 1_000;
const FILES = 4;
/** About 50 records, so that the files give about 80 slices. */
const BYTES_A_SLICE = 2_000;

export interface FileJob {
  job: Job;
  /** Fails unless the output holds each record of the input once. */
  expectExact(): void;
  /** Files in the output: one for each slice. */
  filesOut(): number;
}

/** A job from files to files, with `ms` of work in each of its slices. */
export function fileJob(stack: TestStack, name: string, ms: number, workers = 2): FileJob {
  const input = stack.folder(`${name}-in`);
  const output = stack.folder(`${name}-out`);
  const total = FILES * RECORDS_A_FILE;
  for (let file = 0; file < FILES; file++) {
    const ids = Array.from({ length: RECORDS_A_FILE }, (_, i) => file * RECORDS_A_FILE + i);
    const lines = ids.map((id) => JSON.stringify({ id, text: `record ${id}`, padding: 'ü'.repeat(id % 10) }));
    writeFileSync(join(input, `${file}.ldjson`), `${lines.join('\n')}\n`);
  }
  return {
    job: {
      name,
      workers,
      operations: [
        { _op: 'file_reader', path: input, size: BYTES_A_SLICE },
        { _op: 'slow', ms },
        { _op: 'file_exporter', path: output },
      ],
    },
    expectExact() {
      const ids = exported<{ id: number }>(output).map(({ id }) => id);
      ids.sort((a, b) => a - b);
      expect(ids).toEqual(Array.from({ length: total }, (_, id) => id));
    },
    filesOut: () => readdirSync(output).filter((file) => file.endsWith('.ldjson')).length,
  };
}

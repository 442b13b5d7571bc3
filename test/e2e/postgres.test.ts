import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sliceId } from '../../src/workflows/slice-id.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { TestStack } from '../support/stack.js';

const SLICES = 200;

let postgres: TestPostgres;
let stack: TestStack;

beforeAll(async () => {
  postgres = await startPostgres();
  stack = await TestStack.start('--store', postgres.url);
});
afterAll(async () => {
  await stack?.stop();
  await postgres?.stop();
});

it('runs a job with its store in PostgreSQL, and tells operations the id of each slice', async () => {
  const journal = join(stack.folder('ids'), 'journal');
  const { ex_id } = await stack.submit({
    workers: 1,
    operations: [
      { _op: 'counter', slices: SLICES },
      { _op: 'attempter', journal },
    ],
  });
  expect(await stack.ended(ex_id)).toMatchObject({
    _status: 'completed',
    _slicer_stats: { processed: SLICES },
  });
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
  const seen = lines.map((line) => JSON.parse(line) as { n: number; slice_id: string });
  // More of them than a host names at once.
  const expected = Array.from({ length: SLICES }, (_, n) => [n, sliceId(ex_id, [0, n + 1, '{}'])]);
  expect(seen.sort((a, b) => a.n - b.n).map(({ n, slice_id: id }) => [n, id])).toEqual(expected);
});

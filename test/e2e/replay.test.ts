import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BUNDLE, historiesOf, isContinued, replay, type Recording } from '../support/histories.js';
import { exported, TestStack } from '../support/stack.js';
import { until } from '../support/until.js';

const MOST_EVENTS = 10_000;
/** For some four thousand events. */
const CONTINUED_LIMIT = 150_000;

let stack: TestStack;
let first: { job_id: string; ex_id: string };
let runs: Recording[];
let folder: string;

beforeAll(async () => {
  stack = await TestStack.start();
  folder = stack.folder('out');
  // Slices that come one at a time cost the most events.
  first = await stack.submit({
    lifecycle: 'persistent',
    workers: 2,
    operations: [
      { _op: 'counter', pause: 10 },
      { _op: 'file_exporter', path: folder },
    ],
  });
  await stack.processed(first.ex_id, 30);
  await stack.verb(first.job_id, '_pause');
  await stack.verb(first.job_id, '_resume');
  await until(() => isContinued(stack.temporal, first.ex_id), CONTINUED_LIMIT, 1_000);
  const { processed = 0 } = (await stack.controller(first.ex_id)) ?? {};
  await stack.processed(first.ex_id, processed + 20);
  await stack.verb(first.job_id, '_stop');
  runs = await historiesOf(stack.temporal, [first.ex_id]);
}, CONTINUED_LIMIT + 60_000);
afterAll(() => stack.stop());

it('continues a long execution in further runs, none of them long, and loses nothing', async () => {
  expect(runs.length).toBeGreaterThan(1);
  for (const { history } of runs) expect(history.events.length).toBeLessThan(MOST_EVENTS);
  const rest = await stack.verb<{ ex_id: string }>(first.job_id, '_recover?cleanup_type=pending');
  expect(await stack.ended(rest.ex_id)).toMatchObject({ _status: 'completed' });
  const numbers = exported<{ n: number }>(folder).map(({ n }) => n);
  expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, n) => n));
});

it('replays each run with the workflow of today', async () => {
  expect(await replay(runs)).toEqual(runs.map(() => null));
});

it('would notice a workflow that changed', async () => {
  const bundle = join(stack.folder('changed'), 'bundle.js');
  const code = readFileSync(BUNDLE, 'utf8');
  writeFileSync(bundle, code.replaceAll('processSlices', 'processSomething'));
  const errors = await replay(runs, bundle);
  expect(errors).toHaveLength(runs.length);
  for (const error of errors) expect(error).toMatch(/DeterminismViolation/);
});

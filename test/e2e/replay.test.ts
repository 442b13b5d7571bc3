import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BUNDLE, historiesOf, replay, type Recording } from '../support/histories.js';
import { exported, TestStack } from '../support/stack.js';

/** Slices that come one at a time cost the most events: so many need several runs. */
const SLICES = 600;
const MOST_EVENTS = 10_000;

let stack: TestStack;
let runs: Recording[];
let folder: string;

beforeAll(async () => {
  stack = await TestStack.start();
  folder = stack.folder('out');
  const { job_id, ex_id } = await stack.submit({
    workers: 2,
    operations: [
      { _op: 'counter', slices: SLICES, pause: 20 },
      { _op: 'file_exporter', path: folder },
    ],
  });
  await stack.processed(ex_id, 30);
  await stack.verb(job_id, '_pause');
  await stack.verb(job_id, '_resume');
  expect(await stack.ended(ex_id, 120_000)).toMatchObject({
    _status: 'completed',
    _slicer_stats: { processed: SLICES },
  });
  runs = await historiesOf(stack.temporal, [ex_id]);
}, 180_000);
afterAll(() => stack.stop());

it('continues a long execution in further runs, none of them long, and loses nothing', () => {
  expect(runs.length).toBeGreaterThan(1);
  for (const { history } of runs) expect(history.events.length).toBeLessThan(MOST_EVENTS);
  const numbers = exported<{ n: number }>(folder).map(({ n }) => n);
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: SLICES }, (_, n) => n));
});

it('replays each run with the workflow of today', async () => {
  expect(await replay(runs)).toEqual(runs.map(() => null));
});

it('would notice a workflow that changed', async () => {
  const changed = mkdtempSync(join(tmpdir(), 'temposlice-bundle-'));
  const bundle = join(changed, 'bundle.js');
  const code = readFileSync(BUNDLE, 'utf8');
  writeFileSync(bundle, code.replaceAll('processSlices', 'processSomething'));
  const errors = await replay(runs, bundle);
  rmSync(changed, { recursive: true });
  expect(errors).toHaveLength(runs.length);
  for (const error of errors) expect(error).toMatch(/DeterminismViolation/);
});

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { unreplayable } from '../support/histories.js';
import { exported, TestStack } from '../support/stack.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start('--host-memory', '128');
});
afterAll(() => stack.stop());

const SLICES = 40;
const numbers = (folder: string): number[] =>
  exported<{ n: number }>(folder)
    .map(({ n }) => n)
    .sort((a, b) => a - b);
const all = Array.from({ length: SLICES }, (_, n) => n);

it('records each slice that throws, does the others, and recovers the failed ones alone', async () => {
  const folder = stack.folder('throw');
  const flag = join(folder, 'flag');
  writeFileSync(flag, '');
  const values = [5, 17, 30];
  const { job_id, ex_id } = await stack.submit({
    workers: 2,
    max_retries: 1,
    operations: [
      { _op: 'counter', slices: SLICES },
      { _op: 'trouble', kind: 'throw', values, flag },
      { _op: 'slow', ms: 100 },
      { _op: 'file_exporter', path: folder },
    ],
  });
  const failing = await stack.reached(ex_id, 'failing');
  expect(failing._status).toBe('failing');
  const failed = await stack.ended(ex_id);
  expect(failed).toMatchObject({
    _status: 'failed',
    _has_errors: true,
    _failureReason: `execution: ${ex_id} had 3 slice failures during processing`,
    _slicer_stats: { processed: SLICES, failed: 3 },
  });
  const errors = await stack.errors(ex_id);
  const requests = errors.map(({ request }) => (JSON.parse(request) as { n: number }).n);
  expect(requests.sort((a, b) => a - b)).toEqual(values);
  for (const { error } of errors) {
    expect(error).toContain('indigestion');
    expect(error).toContain('cannot digest');
  }
  expect(numbers(folder)).toEqual(all.filter((n) => !values.includes(n)));

  rmSync(flag);
  const recovery = await stack.verb<{ ex_id: string }>(job_id, '_recover');
  const recovered = await stack.ended(recovery.ex_id);
  expect(recovered).toMatchObject({
    _status: 'completed',
    recovered_execution: ex_id,
    _slicer_stats: { processed: 3, failed: 0 },
  });
  expect(numbers(folder)).toEqual(all);
});

it.each([
  { kind: 'exit', reason: 'exit code 1' },
  { kind: 'memory', reason: 'ran out of memory (limit 128 MB' },
  { kind: 'loop', reason: 'slice_timeout' },
])('records a slice that ends its process ($kind), and does all others', async ({ kind, reason }) => {
  const folder = stack.folder(kind);
  const { ex_id } = await stack.submit({
    workers: 2,
    max_retries: 1,
    ...(kind === 'loop' ? { slice_timeout: 1_000 } : {}),
    operations: [
      { _op: 'counter', slices: SLICES },
      { _op: 'trouble', kind, values: [11] },
      { _op: 'file_exporter', path: folder },
    ],
  });
  const execution = await stack.ended(ex_id);
  expect(execution).toMatchObject({
    _status: 'failed',
    _failureReason: `execution: ${ex_id} had 1 slice failure during processing`,
    _slicer_stats: { processed: SLICES, failed: 1 },
  });
  const errors = await stack.errors(ex_id);
  expect(errors).toHaveLength(1);
  expect(JSON.parse(errors[0]!.request)).toEqual({ slicer: 0, n: 11 });
  expect(errors[0]!.error).toContain(reason);
  expect(numbers(folder)).toEqual(all.filter((n) => n !== 11));
});

it('leaves histories that the workflow of today replays', async () => {
  expect(await unreplayable(stack)).toEqual([]);
});

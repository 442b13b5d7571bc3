import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { CurrentSlice } from '../../src/operations/context.js';
import { unreplayable } from '../support/histories.js';
import { exported, TestStack } from '../support/stack.js';
import { until } from '../support/until.js';

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
  // Its only worker is replaced, or the others would never be done.
  { kind: 'fatal', reason: 'beyond repair', workers: 1 },
])(
  'records a slice that ends its process ($kind), and does all others',
  async ({ kind, reason, workers = 2 }) => {
    const folder = stack.folder(kind);
    const { ex_id } = await stack.submit({
      workers,
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
  },
);

it('ends an execution at once that fails more slices than it may, and keeps the rest for a recovery', async () => {
  const folder = stack.folder('budget');
  const flag = join(folder, 'flag');
  writeFileSync(flag, '');
  const { job_id, ex_id } = await stack.submit({
    workers: 2,
    max_retries: 0,
    max_failed_slices: 3,
    operations: [
      { _op: 'counter', slices: 400 },
      { _op: 'trouble', kind: 'throw', values: [10, 11, 12, 13, 14, 15], flag },
      { _op: 'slow', ms: 25 },
      { _op: 'file_exporter', path: folder },
    ],
  });
  const failed = await stack.ended(ex_id);
  expect(failed).toMatchObject({ _status: 'failed' });
  expect(failed._failureReason).toMatch(/^[4-6] slices failed, more than max_failed_slices \(3\) allows/);
  const books = await stack.ledger(ex_id);
  expect(books).toMatchObject({ balanced: true, source: 'report' });
  expect(books.completed + books.failed).toBeLessThan(400);
  rmSync(flag);
  const recovery = await stack.verb<{ ex_id: string }>(job_id, '_recover');
  expect(await stack.ended(recovery.ex_id)).toMatchObject({ _status: 'completed' });
  expect(numbers(folder)).toEqual(Array.from({ length: 400 }, (_, n) => n));
});

it('takes failed slices up again while the execution goes on', async () => {
  const folder = stack.folder('again');
  const flag = join(folder, 'flag');
  writeFileSync(flag, '');
  const values = [3, 4, 9];
  const { job_id, ex_id } = await stack.submit({
    lifecycle: 'persistent',
    workers: 2,
    max_retries: 0,
    operations: [
      { _op: 'counter', slices: SLICES },
      { _op: 'trouble', kind: 'throw', values, flag },
      { _op: 'file_exporter', path: folder },
    ],
  });
  await stack.processed(ex_id, SLICES);
  expect(await stack.ledger(ex_id)).toMatchObject({ completed: SLICES - 3, failed: 3, source: 'workflow' });

  const replay = `/v1/ex/${ex_id}/errors/_replay`;
  expect((await stack.request('POST', replay)).status).toBe(400);
  expect((await stack.request('POST', `${replay}?filter=*&dry_run=true`)).body).toMatchObject({ count: 3 });
  // Still in the way: they fail once more, and are there once.
  expect((await stack.request('POST', `${replay}?filter=*`)).body).toMatchObject({ ex_id, replayed: 3 });
  await until(async () => (await stack.ledger(ex_id)).failed === 3, 20_000);
  expect(await stack.errors(ex_id)).toHaveLength(3);

  rmSync(flag);
  expect((await stack.request('POST', `${replay}?filter=*`)).body).toMatchObject({ replayed: 3 });
  await until(async () => (await stack.ledger(ex_id)).completed === SLICES, 20_000);
  expect(await stack.errors(ex_id)).toEqual([]);
  expect(await stack.reached(ex_id, 'running')).toMatchObject({ _status: 'running' });
  expect(numbers(folder)).toEqual(all);

  await stack.verb(job_id, '_stop');
  const books = { issued: SLICES, completed: SLICES, failed: 0, pending: 0, recovered: 6, balanced: true };
  expect(await stack.ledger(ex_id)).toMatchObject({ ...books, source: 'report' });
});

it('tells operations which slice they have at hand, and for which time', async () => {
  const journal = join(stack.folder('attempts'), 'journal');
  const { ex_id } = await stack.submit({
    workers: 1,
    operations: [
      { _op: 'counter', slices: 2 },
      { _op: 'attempter', journal, exit_at: [1], throw_at: [2] },
    ],
  });
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed' });
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
  const slices = lines.map((line) => JSON.parse(line) as CurrentSlice & { n: number });
  for (const n of [0, 1]) {
    const tries = slices.filter((slice) => slice.n === n);
    expect(tries.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(new Set(tries.map(({ slice_id: id }) => id)).size).toBe(1);
    expect(tries[0]).toMatchObject({ slicer_id: 0, slicer_order: n + 1 });
  }
});

it('leaves histories that the workflow of today replays', async () => {
  expect(await unreplayable(stack)).toEqual([]);
});

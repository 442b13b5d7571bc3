import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { unreplayable } from '../support/histories.js';
import { kill } from '../support/processes.js';
import { exported, TestStack } from '../support/stack.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start();
});
afterAll(() => stack.stop());

const SLICES = 100;

/** A job of two slicers, stopped in the middle. */
async function stoppedJob(name: string, recoverable: boolean) {
  const folder = stack.folder(name);
  const { job_id, ex_id } = await stack.submit({
    workers: 2,
    slicers: 2,
    operations: [
      { _op: 'counter', slices: SLICES, recoverable, pause: 20 },
      { _op: 'slow', ms: 20 },
      { _op: 'file_exporter', path: folder },
    ],
  });
  await stack.processed(ex_id, 20);
  await stack.verb(job_id, '_stop');
  const execution = await stack.execution(ex_id);
  expect(execution._status).toBe('stopped');
  return { job_id, ex_id, folder, done: execution._slicer_stats.processed ?? 0 };
}

it('goes on where a stopped execution was', async () => {
  const { job_id, ex_id, folder, done } = await stoppedJob('stopped', true);
  expect(done).toBeLessThan(2 * SLICES);
  const recovery = await stack.verb<{ ex_id: string }>(job_id, '_recover');
  const recovered = await stack.ended(recovery.ex_id);
  expect(recovered).toMatchObject({
    _status: 'completed',
    recovered_execution: ex_id,
    _slicer_stats: { processed: 2 * SLICES - done },
  });
  const found = exported<{ slicer: number; n: number }>(folder).map(({ slicer, n }) => slicer * SLICES + n);
  expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: 2 * SLICES }, (_, n) => n));
});

it('makes only what is new with each start of a job that recovers by itself', async () => {
  const folder = stack.folder('incremental');
  const operations = (slices: number) => [
    { _op: 'counter', slices, recoverable: true },
    { _op: 'file_exporter', path: folder },
  ];
  const { job_id, ex_id } = await stack.submit({ autorecover: true, operations: operations(10) });
  const starts = [await stack.ended(ex_id)];
  const { body: job } = await stack.request('GET', `/v1/jobs/${job_id}`);
  for (const slices of [20, 20, 25]) {
    await stack.request('PUT', `/v1/jobs/${job_id}`, { ...job, operations: operations(slices) });
    const next = await stack.verb<{ ex_id: string }>(job_id, '_start');
    starts.push(await stack.ended(next.ex_id));
  }
  expect(starts.map(({ _status, _slicer_stats }) => [_status, _slicer_stats.processed])).toEqual([
    ['completed', 10],
    ['completed', 10],
    ['completed', 0],
    ['completed', 5],
  ]);
  const found = exported<{ n: number }>(folder).map(({ n }) => n);
  expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, n) => n));
});

it('refuses to go on with a reader that cannot, and still replays what is pending', async () => {
  const { job_id, ex_id } = await stoppedJob('fragile', false);
  const refused = await stack.request('POST', `/v1/jobs/${job_id}/_recover`);
  expect(refused.status).toBe(409);
  expect(JSON.stringify(refused.body)).toContain('not recoverable');
  const recovery = await stack.verb<{ ex_id: string }>(job_id, '_recover?cleanup_type=pending');
  expect(await stack.ended(recovery.ex_id)).toMatchObject({
    _status: 'completed',
    recovered_execution: ex_id,
  });
});

it('does not recover an execution that is active', async () => {
  const { job_id } = await stack.submit({
    lifecycle: 'persistent',
    workers: 1,
    operations: [{ _op: 'counter', pause: 50 }, { _op: 'noop' }],
  });
  expect((await stack.request('POST', `/v1/jobs/${job_id}/_recover`)).status).toBe(409);
  await stack.verb(job_id, '_stop');
});

it('ends, with the reason, an execution whose slicer is lost and cannot be built anew', async () => {
  const folder = stack.folder('lost');
  const { ex_id } = await stack.submit({
    workers: 2,
    operations: [
      { _op: 'counter', slices: 10_000, recoverable: false, pause: 20 },
      { _op: 'file_exporter', path: folder },
    ],
  });
  await stack.processed(ex_id, 10);
  kill((await stack.hostsOf(ex_id, 'slicer'))[0]!, 'SIGKILL');
  const execution = await stack.ended(ex_id);
  expect(execution._status).toBe('failed');
  expect(execution._failureReason).toContain('not recoverable');
  const found = exported<{ n: number }>(folder).map(({ n }) => n);
  expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: found.length }, (_, n) => n));
  expect(execution._slicer_stats.processed).toBe(found.length);
});

it('leaves histories that the workflow of today replays', async () => {
  expect(await unreplayable(stack)).toEqual([]);
});

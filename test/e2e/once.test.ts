import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { exported, TestStack } from '../support/stack.js';
import { until } from '../support/until.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start();
});
afterAll(() => stack.stop());

it('runs a job to its end and counts every slice and record once', async () => {
  const { job_id, ex_id } = await stack.submit({
    workers: 2,
    operations: [{ _op: 'data_generator', size: 10_001, slice_size: 5 }, { _op: 'noop' }],
  });
  const execution = await stack.ended(ex_id);
  expect(execution).toMatchObject({ job_id, _status: 'completed', _has_errors: false, _failureReason: '' });
  expect(execution._slicer_stats).toMatchObject({ processed: 2_001, failed: 0, queued: 0, slicers: 1 });
  expect(execution._slicer_stats.queuing_complete).toBeDefined();
  expect(await stack.errors(ex_id)).toEqual([]);
});

it('goes through its statuses in order, with live numbers and its processes in the cluster state', async () => {
  const out = stack.folder('statuses');
  const { ex_id } = await stack.submit({
    workers: 2,
    operations: [
      { _op: 'counter', slices: 60, records: 3 },
      { _op: 'slow', ms: 50 },
      { _op: 'file_exporter', path: out },
    ],
  });
  const seen: string[] = [];
  let live: unknown;
  let workers: number[] = [];
  await until(async () => {
    const { _status } = await stack.execution(ex_id);
    if (seen.at(-1) !== _status) seen.push(_status);
    const stats = await stack.controller(ex_id);
    if (stats && stats.processed > 0) live ??= stats;
    const pids = await stack.hosts(ex_id, 'worker');
    if (pids.length > workers.length) workers = pids;
    return _status === 'completed';
  });
  const order = ['pending', 'scheduling', 'initializing', 'running', 'completed'];
  expect(seen).toEqual(order.filter((status) => seen.includes(status)));
  expect(seen).toContain('running');
  expect(live).toMatchObject({ ex_id, name: 'e2e', failed: 0, slicers: 1 });
  expect(workers).toHaveLength(2);
  expect(await stack.hosts(ex_id, 'worker')).toEqual([]);
  expect(exported(out)).toHaveLength(180);
});

it('gives every slice of several slicers', async () => {
  const out = stack.folder('slicers');
  const { ex_id } = await stack.submit({
    workers: 2,
    slicers: 3,
    operations: [
      { _op: 'counter', slices: 40 },
      { _op: 'file_exporter', path: out },
    ],
  });
  const execution = await stack.ended(ex_id);
  expect(execution).toMatchObject({ _status: 'completed', _slicer_stats: { processed: 120, slicers: 3 } });
  const records = exported<{ slicer: number; n: number }>(out).map(({ slicer, n }) => `${slicer}/${n}`);
  const expected = [0, 1, 2].flatMap((slicer) => Array.from({ length: 40 }, (_, n) => `${slicer}/${n}`));
  expect(records.sort()).toEqual(expected.sort());
});

it('flushes what stateful operations hold', async () => {
  const out = stack.folder('stateful');
  const { ex_id } = await stack.submit({
    workers: 2,
    stateful: true,
    operations: [{ _op: 'counter', slices: 50 }, { _op: 'hoarder' }, { _op: 'file_exporter', path: out }],
  });
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed' });
  const numbers = exported<{ n: number }>(out).map(({ n }) => n);
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
});

it('keeps the metadata that operations set', async () => {
  const { ex_id } = await stack.submit({
    workers: 1,
    operations: [{ _op: 'counter', slices: 5 }, { _op: 'noter' }],
  });
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed', metadata: { highest: 4 } });
});

it('fails, with the reason, when an operation cannot be initialized', async () => {
  const { ex_id } = await stack.submit({
    workers: 1,
    operations: [{ _op: 'counter', slices: 5 }, { _op: 'unready' }],
  });
  const execution = await stack.ended(ex_id);
  expect(execution._status).toBe('failed');
  expect(execution._failureReason).toContain('the cellar is locked');
});

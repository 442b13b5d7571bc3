import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { unreplayable } from '../support/histories.js';
import { kill } from '../support/processes.js';
import { exported, TestStack, type Execution } from '../support/stack.js';
import { fileJob } from './file-job.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start();
});
afterAll(() => stack.stop());

/** Time of a slice, in ms: with two workers and about 80 slices a job takes four seconds. */
const SLICE_MS = 100;

async function begin(name: string) {
  const work = fileJob(stack, name, SLICE_MS);
  const { job_id, ex_id } = await stack.submit(work.job);
  await stack.processed(ex_id, 10);
  const complete = async (): Promise<Execution> => {
    const execution = await stack.ended(ex_id);
    expect(execution).toMatchObject({ _status: 'completed', _failureReason: '' });
    expect(execution._slicer_stats.failed).toBe(0);
    work.expectExact();
    return execution;
  };
  return { job_id, ex_id, complete };
}

it('survives the death of a worker host', async () => {
  const { ex_id, complete } = await begin('worker');
  const before = await stack.hostsOf(ex_id, 'worker', 2);
  kill(before[0]!, 'SIGKILL');
  const after = await stack.hostsOf(ex_id, 'worker', 2, [before[0]!]);
  expect(after).toContain(before[1]);
  await complete();
});

it('survives the death of the slicer host', async () => {
  const out = stack.folder('slicer-out');
  const { ex_id } = await stack.submit({
    workers: 2,
    slicers: 2,
    operations: [
      { _op: 'counter', slices: 100, pause: 50 },
      { _op: 'file_exporter', path: out },
    ],
  });
  await stack.processed(ex_id, 20);
  const before = await stack.hostsOf(ex_id, 'slicer');
  kill(before[0]!, 'SIGKILL');
  await stack.hostsOf(ex_id, 'slicer', 1, before);
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed', _slicer_stats: { processed: 200 } });
  const found = exported<{ slicer: number; n: number }>(out).map(({ slicer, n }) => slicer * 100 + n);
  expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n));
});

it('survives the death of its node, hosts and all', async () => {
  const { ex_id, complete } = await begin('node');
  const before = await stack.hostsOf(ex_id, 'worker', 2);
  await stack.killMember('node');
  await stack.hostsOf(ex_id, 'worker', 2, before);
  await complete();
});

it('survives the death of the master', async () => {
  const { complete } = await begin('master');
  await stack.killMember('master');
  await complete();
});

it('survives the death of Temporal', async () => {
  const { complete } = await begin('temporal');
  await stack.killMember('temporal');
  await complete();
});

it('runs with fewer slots than workers', async () => {
  const work = fileJob(stack, 'slots', 0, 8);
  const { ex_id } = await stack.submit(work.job);
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed' });
  work.expectExact();
});

it('leaves histories that the workflow of today replays', async () => {
  expect(await unreplayable(stack)).toEqual([]);
});

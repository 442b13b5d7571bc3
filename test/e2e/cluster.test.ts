import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ExtraNode } from '../support/extra-node.js';
import { TestStack } from '../support/stack.js';
import { until } from '../support/until.js';

/** What Teraslice's own end-to-end tests assert of its cluster state, workers and verbs. */

/** The operations for tests are on the first node only. */
const ANYWHERE = { assets: [] };
const PERSISTENT = {
  ...ANYWHERE,
  lifecycle: 'persistent',
  operations: [{ _op: 'test-reader' }, { _op: 'delay', ms: 100 }],
};
let stack: TestStack;
let node: ExtraNode;
beforeAll(async () => {
  stack = await TestStack.start();
  node = await ExtraNode.start(stack, 'second');
});
afterAll(async () => {
  await node.stop();
  await stack.stop();
});

const tasksOf = async (exId: string) =>
  (await stack.nodes()).flatMap(({ node_id, active }) =>
    active.filter(({ ex_id }) => ex_id === exId).map(({ assignment }) => ({ node_id, assignment })),
  );

it('shows its nodes, and on one of them the master with the assets service', async () => {
  const nodes = await stack.nodes();
  expect(nodes).toHaveLength(2);
  for (const { node_id, hostname, total, available } of nodes) {
    expect([typeof node_id, typeof hostname, total]).toEqual(['string', 'string', 4]);
    expect(available).toBeGreaterThanOrEqual(0);
    expect(available).toBeLessThanOrEqual(4);
  }
  const homes = (assignment: string): string[] =>
    nodes.flatMap(({ node_id, active }) =>
      active.filter((task) => task.assignment === assignment).map(() => node_id),
    );
  expect(homes('cluster_master')).toHaveLength(1);
  expect(homes('assets_service')).toEqual(homes('cluster_master'));
});

it('keeps idle connections longer than clients and load balancers do', async () => {
  const { headers } = await fetch(`${stack.url}/v1`);
  expect(headers.get('keep-alive')).toBe('timeout=65');
});

it('spreads the workers of an execution over its nodes', async () => {
  const { job_id, ex_id } = await stack.submit({ ...PERSISTENT, workers: 6 });
  await stack.hostsOf(ex_id, 'worker', 6);
  const tasks = await tasksOf(ex_id);
  expect(tasks.filter(({ assignment }) => assignment === 'execution_controller')).toHaveLength(1);
  const workers = tasks.filter(({ assignment }) => assignment === 'worker');
  expect(new Set(workers.map(({ node_id }) => node_id)).size).toBe(2);
  await until(async () => (await stack.controller(ex_id))?.workers_joined === 6, 60_000);
  await stack.verb(job_id, '_stop');
});

it('has as many workers as it is told', async () => {
  const { job_id, ex_id } = await stack.submit({ ...PERSISTENT, workers: 2 });
  await stack.hostsOf(ex_id, 'worker', 2);
  for (const [change, count] of [
    ['add=1', 3],
    ['remove=2', 1],
    ['total=2', 2],
  ] as const) {
    await stack.verb(job_id, `_workers?${change}`);
    await stack.hostsOf(ex_id, 'worker', count);
  }
  expect(await stack.verb(job_id, '_stop')).toEqual({ status: 'stopped' });
  expect(await tasksOf(ex_id)).toEqual([]);
});

it('pauses, resumes and stops one execution beside another', async () => {
  const [one, other] = await Promise.all([
    stack.submit({ ...PERSISTENT, workers: 1 }),
    stack.submit({ ...PERSISTENT, workers: 1 }),
  ]);
  await stack.processed(one.ex_id, 1);
  expect(await stack.verb(one.job_id, '_pause')).toEqual({ status: 'paused' });
  expect((await stack.execution(other.ex_id))._status).not.toBe('paused');
  expect((await stack.execution(one.ex_id))._status).toBe('paused');
  expect(await stack.verb(one.job_id, '_resume')).toEqual({ status: 'running' });
  const stops = [one, other].map(({ job_id }) => stack.verb(job_id, '_stop'));
  expect(await Promise.all(stops)).toEqual([{ status: 'stopped' }, { status: 'stopped' }]);
});

it('runs three executions of the same specification side by side', async () => {
  const operations = [{ _op: 'data_generator', size: 100, slice_size: 10 }, { _op: 'noop' }];
  const submitted = await Promise.all(
    [1, 2, 3].map(() => stack.submit({ ...ANYWHERE, workers: 1, operations })),
  );
  const ended = await Promise.all(submitted.map(({ ex_id }) => stack.ended(ex_id)));
  expect(ended.map(({ _status, _slicer_stats }) => [_status, _slicer_stats.processed])).toEqual(
    Array(3).fill(['completed', 10]),
  );
});

it('has a node less when one is stopped', async () => {
  await node.stop();
  await until(async () => (await stack.nodes()).length === 1, 60_000);
});

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { kill } from '../support/processes.js';
import { TestStack } from '../support/stack.js';
import { until } from '../support/until.js';
import { fileJob } from './file-job.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start('--fence-timeout', '20000');
});
afterAll(() => stack.stop());

/** A job that has begun, with a slice of `ms` at hand in each of its two workers. */
async function begin(name: string, ms: number) {
  const work = fileJob(stack, name, ms);
  const { ex_id } = await stack.submit(work.job);
  await stack.processed(ex_id, 10);
  const hosts = await stack.hostsOf(ex_id, 'worker', 2);
  const complete = async (): Promise<void> => {
    const execution = await stack.ended(ex_id, 120_000);
    expect(execution).toMatchObject({ _status: 'completed', _failureReason: '' });
    work.expectExact();
    // One file is one slice: none was counted twice.
    expect(execution._slicer_stats).toMatchObject({ processed: work.filesOut(), failed: 0 });
  };
  return { ex_id, hosts, complete };
}

async function suspend(pid: number, ms: number): Promise<void> {
  kill(pid, 'SIGSTOP');
  await delay(ms);
  kill(pid, 'SIGCONT');
}

// 15 s are longer than the silence after which a node's share goes to others, and shorter than the fence; 35 s are
// longer than either.
it.each([15_000, 35_000])(
  'survives a node that stands still for %d ms, and the node joins in again',
  async (ms) => {
    const { ex_id, complete } = await begin(`node-${ms}`, 200);
    const node = stack.pidOf('node');
    await suspend(node, ms);
    await until(async () =>
      (await stack.nodes()).some((one) => one.pid === node && one.state === 'connected'),
    );
    await stack.hostsOf(ex_id, 'worker', 2);
    expect(stack.pidOf('node')).toBe(node);
    await complete();
  },
  240_000,
);

it('keeps a host that stands still for a while', async () => {
  const { ex_id, hosts, complete } = await begin('host', 300);
  // Longer than a lease with all its grace.
  await suspend(hosts[0]!, 9_000);
  await delay(1_000);
  expect((await stack.hosts(ex_id, 'worker')).sort()).toEqual(hosts.sort());
  await complete();
}, 120_000);

it('keeps all hosts while Temporal is away for a while', async () => {
  const { ex_id, hosts, complete } = await begin('temporal', 300);
  const slicer = await stack.hosts(ex_id, 'slicer');
  await suspend(stack.pidOf('temporal'), 10_000);
  const { processed = 0 } = (await stack.controller(ex_id)) ?? {};
  await stack.processed(ex_id, processed + 5);
  expect((await stack.hosts(ex_id, 'worker')).sort()).toEqual(hosts.sort());
  expect(await stack.hosts(ex_id, 'slicer')).toEqual(slicer);
  await complete();
}, 120_000);

it('answers in time while Temporal stands still', async () => {
  const { ex_id } = await begin('in-time', 300);
  const temporal = stack.pidOf('temporal');
  kill(temporal, 'SIGSTOP');
  try {
    const late = await stack.request('POST', `/v1/ex/${ex_id}/_stop?timeout=2000`);
    expect(late).toMatchObject({
      status: 503,
      body: { error: 503, message: expect.stringContaining('Temporal') as unknown },
    });
  } finally {
    kill(temporal, 'SIGCONT');
  }
  const stopped = await stack.request('POST', `/v1/ex/${ex_id}/_stop`);
  expect(stopped).toMatchObject({ status: 200, body: { status: 'stopped' } });
}, 120_000);

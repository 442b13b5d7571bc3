import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { unreplayable } from '../support/histories.js';
import { TestStack } from '../support/stack.js';

/** Time in which a pause must have settled when slices are short, in ms. */
const PAUSE_LIMIT = 2_000;
/** How long the numbers of a paused execution are watched, in ms. */
const WATCHED = 1_500;

let stack: TestStack;
const jobs: string[] = [];
beforeAll(async () => {
  stack = await TestStack.start();
});
afterEach(async () => {
  for (const job of jobs.splice(0)) await stack.request('POST', `/v1/jobs/${job}/_stop`);
});
afterAll(() => stack.stop());

const endless = async (reader: Record<string, unknown>, workers = 2) => {
  const { job_id, ex_id } = await stack.submit({
    lifecycle: 'persistent',
    workers,
    operations: [reader, { _op: 'slow', ms: 5 }],
  });
  jobs.push(job_id);
  return { job_id, ex_id };
};

it('pauses, resumes, stops and starts', async () => {
  const { job_id, ex_id } = await endless({ _op: 'counter' });
  await stack.processed(ex_id, 50);
  const workers = await stack.hostsOf(ex_id, 'worker', 2);

  const asked = Date.now();
  expect(await stack.verb(job_id, '_pause')).toEqual({ status: 'paused' });
  expect(Date.now() - asked).toBeLessThan(PAUSE_LIMIT);
  expect((await stack.execution(ex_id))._status).toBe('paused');
  const before = (await stack.controller(ex_id))?.processed;
  await delay(WATCHED);
  expect((await stack.controller(ex_id))?.processed).toBe(before);
  expect(await stack.hosts(ex_id, 'worker')).toEqual(workers);

  expect(await stack.verb(job_id, '_resume')).toEqual({ status: 'running' });
  await stack.processed(ex_id, (before ?? 0) + 50);

  const second = await stack.request('POST', `/v1/jobs/${job_id}/_start`);
  expect(second.status).toBe(409);

  expect(await stack.verb(job_id, '_stop')).toEqual({ status: 'stopped' });
  expect((await stack.execution(ex_id))._status).toBe('stopped');
  await stack.hostsOf(ex_id, 'worker', 0);

  const again = await stack.verb<{ job_id: string; ex_id: string }>(job_id, '_start');
  expect(again.job_id).toBe(job_id);
  expect(again.ex_id).not.toBe(ex_id);
  await stack.processed(again.ex_id, 20);
});

it('changes the number of its workers', async () => {
  const { job_id, ex_id } = await endless({ _op: 'counter' }, 1);
  const first = await stack.hostsOf(ex_id, 'worker', 1);
  await stack.verb(job_id, '_workers?add=2');
  expect(await stack.hostsOf(ex_id, 'worker', 3)).toEqual(expect.arrayContaining(first));
  await stack.verb(job_id, '_workers?remove=2');
  await stack.hostsOf(ex_id, 'worker', 1);
  const before = (await stack.controller(ex_id))?.processed ?? 0;
  await stack.processed(ex_id, before + 20);
  expect((await stack.execution(ex_id))._status).toBe('running');
});

it('stops while the slicer is busy for a minute', async () => {
  const { job_id, ex_id } = await endless({ _op: 'counter', stall_at: 3, stall: 60_000 });
  await stack.processed(ex_id, 3);
  const asked = Date.now();
  expect(await stack.verb(job_id, '_stop')).toEqual({ status: 'stopped' });
  expect(Date.now() - asked).toBeLessThan(10_000);
  const execution = await stack.execution(ex_id);
  expect(execution).toMatchObject({ _status: 'stopped', _slicer_stats: { processed: 3, failed: 0 } });
  await stack.hostsOf(ex_id, 'slicer', 0);
});

it('leaves histories that the workflow of today replays', async () => {
  expect(await unreplayable(stack)).toEqual([]);
});

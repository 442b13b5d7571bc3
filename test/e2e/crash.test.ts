import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { kill, survivors } from '../support/processes.js';
import { TestStack } from '../support/stack.js';
import { until } from '../support/until.js';
import { fileJob } from './file-job.js';

/** Time in which nothing of a stack may be left once its first process was killed, in ms. */
const ORPHAN_LIMIT = 10_000;
const CRASHES = 3;

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start();
});
afterAll(() => stack.stop());

it('goes on where it was after everything was killed, again and again', async () => {
  const work = fileJob(stack, 'crash', 100);
  const { ex_id } = await stack.submit(work.job);
  for (let crash = 1; crash <= CRASHES; crash++) {
    const done = (await stack.controller(ex_id).catch(() => undefined))?.processed ?? 0;
    await stack.processed(ex_id, done + 8);
    await stack.killEverything();
    await stack.start();
  }
  expect((await stack.execution(ex_id))._status).not.toBe('completed');
  const execution = await stack.ended(ex_id);
  expect(execution).toMatchObject({ _status: 'completed', _failureReason: '' });
  work.expectExact();
}, 180_000);

it('leaves no process behind when its first one is killed, and goes on afterwards', async () => {
  const work = fileJob(stack, 'orphans', 100);
  const { ex_id } = await stack.submit(work.job);
  await stack.processed(ex_id, 8);
  const family = stack.family();
  // start, Temporal's guard, Temporal, master, node, two workers and a slicer, at the least.
  expect(family.length).toBeGreaterThanOrEqual(8);
  kill(stack.pid, 'SIGKILL');
  await until(() => survivors(family).length === 0, ORPHAN_LIMIT);
  await stack.start();
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed' });
  work.expectExact();
}, 120_000);

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { kill } from '../support/processes.js';
import { TestStack } from '../support/stack.js';
import { fileJob } from './file-job.js';

/** Longer than the silence after which a node's share goes to others (10 s), shorter than the fence. */
const SUSPENDED_MS = 15_000;

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start();
});
afterAll(() => stack.stop());

it('survives a node that stands still for a while', async () => {
  const work = fileJob(stack, 'suspended', 100);
  const { ex_id } = await stack.submit(work.job);
  await stack.processed(ex_id, 10);
  const node = stack.pidOf('node');
  kill(node, 'SIGSTOP');
  await delay(SUSPENDED_MS);
  kill(node, 'SIGCONT');
  expect(await stack.ended(ex_id, 120_000)).toMatchObject({ _status: 'completed', _failureReason: '' });
  work.expectExact();
}, 180_000);

import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { kill, survivors } from '../support/processes.js';
import { exported, TestStack } from '../support/stack.js';
import { until } from '../support/until.js';
import { fileJob } from './file-job.js';

/** Time in which nothing of a stack may be left once its first process was killed, in ms. */
const ORPHAN_LIMIT = 10_000;
const CRASHES = 3;
/** Time in which slices must be completed again after a start of everything, in ms; it takes a few seconds. */
const RESTART_LIMIT = 40_000;

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

it('goes on with a persistent job after everything was killed', async () => {
  const folder = stack.folder('persistent-out');
  const { job_id, ex_id } = await stack.submit({
    lifecycle: 'persistent',
    workers: 2,
    operations: [
      { _op: 'counter', pause: 50 },
      { _op: 'file_exporter', path: folder },
    ],
  });
  await stack.processed(ex_id, 20);
  const before = (await stack.controller(ex_id))?.processed ?? 0;
  await stack.killEverything();
  await stack.start();
  await stack.processed(ex_id, before + 20, RESTART_LIMIT);
  await stack.verb(job_id, '_stop');
  const rest = await stack.verb<{ ex_id: string }>(job_id, '_recover?cleanup_type=pending');
  expect(await stack.ended(rest.ex_id)).toMatchObject({ _status: 'completed' });
  const found = exported<{ n: number }>(folder).map(({ n }) => n);
  expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: found.length }, (_, n) => n));
}, 120_000);

it('goes on from a copy of its data', async () => {
  const work = fileJob(stack, 'restored', 100);
  const { ex_id } = await stack.submit(work.job);
  await stack.processed(ex_id, 8);
  await stack.end();
  const data = ['store', 'temporal'].map((name) => join(stack.dataDir, name));
  for (const folder of data) cpSync(folder, `${folder}.copy`, { recursive: true });
  await stack.start();
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed' });
  await stack.end();
  for (const folder of data) {
    rmSync(folder, { recursive: true });
    renameSync(`${folder}.copy`, folder);
  }
  await stack.start();
  expect((await stack.execution(ex_id))._status).not.toBe('completed');
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed', _failureReason: '' });
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

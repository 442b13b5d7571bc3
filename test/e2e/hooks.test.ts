import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestStack } from '../support/stack.js';

let stack: TestStack;
let lines: string[];

/** Hooks of one party, in the order in which they were called. */
const hooksOf = (who: string): string[] =>
  lines.filter((line) => line.startsWith(`${who} `)).map((line) => line.slice(who.length + 1));

/** Two slices, the second of which succeeds at its second attempt, then the flush at the end. */
const SLICES = [
  ...['onSliceInitialized', 'onSliceStarted', 'onSliceFinalizing', 'onSliceFinished'],
  ...['onSliceInitialized', 'onSliceStarted', 'onSliceRetry', 'onSliceStarted'],
  ...['onSliceFinalizing', 'onSliceFinished'],
  ...['onFlushStart', 'onSliceStarted', 'onFlushEnd'],
];

beforeAll(async () => {
  stack = await TestStack.start();
  const journal = join(stack.folder('hooks'), 'journal');
  const { ex_id } = await stack.submit({
    workers: 1,
    journal,
    apis: [{ _name: 'recorder_api' }],
    operations: [{ _op: 'recorder_reader' }, { _op: 'recorder' }],
  });
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed', _slicer_stats: { processed: 2 } });
  lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
});
afterAll(() => stack.stop());

it.each(['fetcher', 'processor'])('calls every hook of a %s, in order', (who) => {
  const hooks = hooksOf(who).filter((hook) => !hook.startsWith('onOperation') && !hook.includes(':'));
  expect(hooks).toEqual(['initialize', ...SLICES, 'shutdown']);
});

it('says on the emitter of system events what became of slices, and when the worker ends', () => {
  const hooks = hooksOf('processor');
  const events = hooks.filter((hook) => hook.includes(':'));
  expect(events).toEqual(['slice:success', 'slice:success', 'worker:shutdown']);
  expect(hooks.indexOf('worker:shutdown')).toBeLessThan(hooks.indexOf('onFlushStart'));
});

it('tells operations and APIs when each operation begins and ends', () => {
  const reader = ['onOperationStart', 'onOperationComplete'];
  const first = [...reader, ...reader];
  const failed = [...reader, 'onOperationStart'];
  for (const who of ['fetcher', 'processor', 'api']) {
    const hooks = hooksOf(who).filter((hook) => hook.startsWith('onOperation'));
    expect(hooks).toEqual([...first, ...failed, ...first, ...first]);
  }
});

it('calls the hooks of an API in its worker', () => {
  const hooks = hooksOf('api');
  const own = hooks.filter((hook) => SLICES.includes(hook));
  expect(own).toEqual(SLICES);
  expect(hooks.indexOf('initialize')).toBeLessThan(hooks.indexOf('onSliceInitialized'));
});

it('tells the slicer and its APIs what became of each slice', () => {
  const hooks = hooksOf('slicer');
  expect(hooks[0]).toBe('initialize');
  expect(hooks.at(-1)).toBe('shutdown');
  const count = (hook: string): number => hooks.filter((called) => called === hook).length;
  expect({
    enqueued: count('onSliceEnqueued'),
    dispatched: count('onSliceDispatch'),
    completed: count('onSliceComplete'),
  }).toEqual({ enqueued: 2, dispatched: 2, completed: 2 });
  for (const hook of ['onSliceEnqueued', 'onSliceDispatch', 'onSliceComplete']) {
    expect(hooksOf('api').filter((called) => called === hook)).toHaveLength(2);
  }
});

import type { EventEmitter } from 'node:events';
import { setImmediate as macrotask } from 'node:timers/promises';
import {
  newTestExecutionConfig,
  ParallelSlicer,
  Slicer,
  TestContext,
  type SlicerFn,
} from '@terascope/job-components';
import { SliceProducer } from '../../../src/workers/host/slice-producer.js';
import type { SliceTuple } from '../../../src/store/types.js';
import { until } from '../../support/until.js';

type Given = Record<string, unknown> | Array<Record<string, unknown>> | null;

/** Gives, call by call, what it was told; an Error is thrown; past the end it gives null. */
class PlayedSlicer extends Slicer {
  calls = 0;
  limit = 10_000;
  script: Array<Given | Error> = [];
  /** After the script: null, or slices without end. */
  endless = false;

  async slice(): Promise<Given> {
    const next = this.script[this.calls++];
    if (next instanceof Error) throw next;
    if (next !== undefined) return next;
    return this.endless ? { n: this.calls } : null;
  }

  override maxQueueLength(): number {
    return this.limit;
  }
}

const READER = { _op: 'reader' };
const config = (more: Record<string, unknown> = {}) =>
  newTestExecutionConfig({ operations: [READER, { _op: 'noop' }], ...more });

function played(script: PlayedSlicer['script'], more: Record<string, unknown> = {}): PlayedSlicer {
  const slicer = new PlayedSlicer(new TestContext('producer'), READER, config(more));
  slicer.script = script;
  return slicer;
}

const NOW = { idle: 0, linger: 0 };
const PATIENT = { idle: 5_000, linger: 0 };
const LINGER = { idle: 5_000, linger: 5_000 };
const PLENTY = { slices: 1_000, bytes: 1_000_000 };
const producers: SliceProducer[] = [];

function produce(
  slicer: ConstructorParameters<typeof SliceProducer>[0],
  last: Array<[number, number, string]> = [],
) {
  const producer = new SliceProducer(slicer, last);
  producers.push(producer);
  return producer;
}

afterEach(() => {
  for (const producer of producers.splice(0)) producer.stop();
});

/** Everything up to the end, call by call. */
async function all(producer: SliceProducer, wanted = PLENTY): Promise<SliceTuple[][]> {
  const answers: SliceTuple[][] = [];
  while (!producer.exhausted) answers.push(await producer.take(wanted, 0, LINGER));
  return answers;
}

it('gives every slice once and in order, with its request as JSON, and then says that it is exhausted', async () => {
  const producer = produce(played([{ a: 1 }, { a: 2 }, [{ a: 3 }, { a: 4 }], { a: 5 }]));
  expect((await all(producer)).flat()).toEqual([
    [0, 1, '{"a":1}'],
    [0, 2, '{"a":2}'],
    [0, 3, '{"a":3}'],
    [0, 4, '{"a":4}'],
    [0, 5, '{"a":5}'],
  ]);
  await expect(producer.take(PLENTY, 0, PATIENT)).resolves.toEqual([]);
});

it('hands out the slices of one call whole or not at all', async () => {
  const group = (first: number, size: number) => Array.from({ length: size }, (_, i) => ({ n: first + i }));
  const producer = produce(played([group(1, 4), group(5, 4), group(9, 4), group(13, 1)]));
  const answers = await all(producer, { slices: 5, bytes: 1_000_000 });
  expect(answers.flat()).toHaveLength(13);
  const ends = new Set([4, 8, 12, 13]);
  let count = 0;
  for (const answer of answers) expect(ends).toContain((count += answer.length));
  // At most one call more than was wanted.
  for (const answer of answers) expect(answer.length).toBeLessThan(5 + 4);
});

it('stops at the bytes wanted, but gives a first group however large', async () => {
  const request = { text: 'x'.repeat(1_000) };
  const producer = produce(played([[request, request, request], request, request]));
  const answers = await all(producer, { slices: 100, bytes: 1_500 });
  expect(answers.map((answer) => answer.length).filter((length) => length > 0)).toEqual([3, 1, 1]);
});

it('goes on behind the last slice of each slicer that was issued', async () => {
  class Pair extends ParallelSlicer {
    async newSlicer(id: number): Promise<SlicerFn> {
      let left = 2;
      return async () => (left-- > 0 ? { from: id } : null);
    }
  }
  const slicer = new Pair(new TestContext('producer'), READER, config({ slicers: 2 }));
  await slicer.initialize([]);
  const slices = (await all(produce(slicer, [[1, 40, '{}']]))).flat();
  const of = (id: number) => slices.filter((slice) => slice[0] === id).map((slice) => slice[1]);
  expect([of(0), of(1)]).toEqual([
    [1, 2],
    [41, 42],
  ]);
});

it('keeps the ids of slices that the reader made whole, which take up an order as in Teraslice', async () => {
  const whole = { slice_id: 'mine', slicer_id: 3, slicer_order: 8, request: { w: 1 } };
  const producer = produce(played([whole, { a: 1 }]), [[0, 10, '{}']]);
  expect((await all(producer)).flat()).toEqual([
    [3, 8, '{"w":1}', 'mine'],
    [0, 12, '{"a":1}'],
  ]);
});

it.each([
  [
    'with an id that is too long',
    { slice_id: 'x'.repeat(1_025) },
    'slice_id of 1025 bytes; the limit is 1024',
  ],
  ['with NUL in its id', { slice_id: 'a\0b' }, 'slice_id'],
  ['with half an emoji in its id', { slice_id: '\ud83d' }, 'slice_id'],
  ['with an id that is no text', { slice_id: 7 }, 'slice_id that is no text'],
  ['of a slicer that is no integer', { slicer_id: 1.5 }, 'slicer_id'],
  ['of a slicer with a name', { slicer_id: 'a' }, 'slicer_id'],
  ['of a slicer beyond 32 bits', { slicer_id: 2 ** 31 }, 'slicer_id'],
  ['with an order that is no integer', { slicer_order: 0.5 }, 'slicer_order that is no integer: 0.5'],
  ['with a request that is no JSON', { request: { big: 1n } }, 'BigInt'],
])('fails for a slice that the reader made whole %s', async (_, wrong, reason) => {
  const whole = { slice_id: 'mine', slicer_id: 0, slicer_order: 1, request: {} };
  const producer = produce(played([{ ...whole, ...wrong }]));
  await expect(producer.take(PLENTY, 0, PATIENT)).rejects.toThrow(reason);
});

it('gives what was made before a failure, and throws with the next call', async () => {
  const producer = produce(played([{ a: 1 }, { a: 2 }, new Error('no more'), { a: 3 }]));
  await expect(producer.take(PLENTY, 0, LINGER)).resolves.toHaveLength(2);
  await expect(producer.take(PLENTY, 0, LINGER)).rejects.toThrow('no more');
  expect(producer.exhausted).toBe(false);
});

it('does not wait longer than it is told for a slicer that has nothing', async () => {
  const producer = produce(played([], { lifecycle: 'persistent' }));
  const begun = performance.now();
  await expect(producer.take(PLENTY, 0, { idle: 60, linger: 5_000 })).resolves.toEqual([]);
  expect(performance.now() - begun).toBeGreaterThan(50);
  expect(producer.exhausted).toBe(false);
});

it('answers as soon as a slicer that had nothing has something', async () => {
  const slicer = played([null, null, null, { a: 1 }], { lifecycle: 'persistent' });
  await expect(produce(slicer).take(PLENTY, 0, PATIENT)).resolves.toEqual([[0, 1, '{"a":1}']]);
});

it('works ahead, but not without end', async () => {
  const slicer = played([]);
  slicer.endless = true;
  const producer = produce(slicer);
  await producer.take({ slices: 20, bytes: 1_000_000 }, 0, LINGER);
  await until(() => slicer.calls >= 50);
  const taken = await producer.take({ slices: 20, bytes: 1_000_000 }, 0, NOW);
  expect(taken).toHaveLength(20);
  await until(() => slicer.calls >= 70);
  expect(slicer.calls).toBeLessThan(110);
});

it('keeps what is queued and made ahead together within maxQueueLength', async () => {
  const slicer = played([]);
  slicer.endless = true;
  slicer.limit = 30;
  const producer = produce(slicer);
  const taken = await producer.take({ slices: 100, bytes: 1_000_000 }, 10, LINGER);
  expect(taken).toHaveLength(20);
  // Time enough to make hundreds.
  for (let turns = 0; turns < 100; turns++) await macrotask();
  expect(10 + slicer.calls).toBeLessThanOrEqual(31);
});

it('ends a wait when it is stopped', async () => {
  const producer = produce(played([], { lifecycle: 'persistent' }));
  const taken = producer.take(PLENTY, 0, { idle: 50_000, linger: 0 });
  producer.stop();
  await expect(taken).resolves.toEqual([]);
});

it('lives with a slicer that also listens for events', async () => {
  const slicer = played([{ a: 1 }]);
  const done: unknown[] = [];
  (slicer.events as EventEmitter).on('slicer:done', (id) => done.push(id));
  await all(produce(slicer));
  expect(done).toEqual([0]);
});

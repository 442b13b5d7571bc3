import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { LeaseHeartbeats } from '../../../src/workers/node/lease-heartbeats.js';

/** Temporal's limit, in ms. */
const LIMIT = 5_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A lease that works until it is told to end, and notes when it was heard of. */
function lease(heartbeats: LeaseHeartbeats, exId = 'ex', number = 1) {
  const beats: number[] = [performance.now()];
  const cancel = new AbortController();
  let end!: () => void;
  let halted!: AbortSignal;
  const working = new Promise<void>((resolve) => (end = resolve));
  const done = heartbeats.during(
    exId,
    { number, beat: () => beats.push(performance.now()), cancelled: cancel.signal },
    (signal) => {
      halted = signal;
      return working;
    },
  );
  const longestSilence = (): number =>
    Math.max(...[...beats, performance.now()].slice(1).map((at, i) => at - (beats[i] as number)));
  return { beats, cancel, end, done, longestSilence, halted: () => halted.aborted };
}

it('is heard of within a second where there is one lease', () => {
  const only = lease(new LeaseHeartbeats());
  jest.advanceTimersByTime(10_000);
  expect(only.longestSilence()).toBeLessThanOrEqual(1_000);
});

it('asks within a second in all, and leaves none silent for half of what Temporal bears', () => {
  const heartbeats = new LeaseHeartbeats();
  const many = Array.from({ length: 50 }, () => lease(heartbeats));
  jest.advanceTimersByTime(20_000);
  for (const { longestSilence } of many) expect(longestSilence()).toBeLessThanOrEqual(LIMIT / 2);
  const all = many.flatMap(({ beats }) => beats.slice(1)).sort((a, b) => a - b);
  const silences = all.slice(1).map((at, i) => at - (all[i] as number));
  expect(Math.max(...silences)).toBeLessThanOrEqual(1_000);
  // Half of what a heartbeat a second for each would be.
  expect(all.length).toBeLessThanOrEqual((50 * 20) / 2);
});

it('halts all leases of an execution when one is cancelled, and those of no other', () => {
  const heartbeats = new LeaseHeartbeats();
  const [one, two] = [lease(heartbeats), lease(heartbeats)];
  const other = lease(heartbeats, 'another');
  one.cancel.abort();
  expect([one.halted(), two.halted(), other.halted()]).toEqual([true, true, false]);
});

it('gives each lease a signal of its own: what listens to it must not outlive the lease', async () => {
  const heartbeats = new LeaseHeartbeats();
  const other = lease(heartbeats);
  const signals = await Promise.all(
    [1, 2].map(() =>
      heartbeats.during(
        'ex',
        { number: 1, beat: () => undefined, cancelled: new AbortController().signal },
        async (signal) => signal,
      ),
    ),
  );
  expect(signals[0]).not.toBe(signals[1]);
  other.cancel.abort();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
});

it('does not halt what comes after a cancellation: the execution may have been resumed', () => {
  const heartbeats = new LeaseHeartbeats();
  const before = lease(heartbeats);
  before.cancel.abort();
  const after = lease(heartbeats);
  expect(after.halted()).toBe(false);
  // What ends its slice still is alive meanwhile.
  jest.advanceTimersByTime(10_000);
  expect(before.longestSilence()).toBeLessThanOrEqual(LIMIT / 2);
  expect(after.longestSilence()).toBeLessThanOrEqual(LIMIT / 2);
});

it('halts leases that a master says were cancelled, and none that came after them', () => {
  const heartbeats = new LeaseHeartbeats();
  const [first, second] = [lease(heartbeats, 'ex', 7), lease(heartbeats, 'ex', 8)];
  const other = lease(heartbeats, 'another', 7);
  heartbeats.halt('ex', 7);
  expect([first.halted(), second.halted(), other.halted()]).toEqual([true, false, false]);
  heartbeats.halt('ex', 8);
  expect(second.halted()).toBe(true);
  // Temporal says it, too, and what came after a resume does not hear of it.
  const resumed = lease(heartbeats, 'ex', 9);
  heartbeats.halt('ex', 8);
  first.cancel.abort();
  expect(resumed.halted()).toBe(false);
});

it('is told at once of a lease that was cancelled before it came', () => {
  const heartbeats = new LeaseHeartbeats();
  const cancelled = AbortSignal.abort();
  const halted = heartbeats.during(
    'ex',
    { number: 1, beat: () => undefined, cancelled },
    async ({ aborted }) => aborted,
  );
  return expect(halted).resolves.toBe(true);
});

it('leaves no timer behind, however the work ended', async () => {
  const heartbeats = new LeaseHeartbeats();
  const one = lease(heartbeats);
  const failing = heartbeats.during(
    'ex',
    { number: 1, beat: () => undefined, cancelled: new AbortController().signal },
    () => Promise.reject(new Error('no')),
  );
  await expect(failing).rejects.toThrow('no');
  expect(jest.getTimerCount()).toBe(1);
  one.end();
  await one.done;
  expect(jest.getTimerCount()).toBe(0);
});

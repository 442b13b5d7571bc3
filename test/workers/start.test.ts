import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { stopOnSignals } from '../../src/workers/start.js';
import type { Stack } from '../../src/workers/supervisor.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const before = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
  for (const signal of SIGNALS) {
    for (const listener of process.listeners(signal)) {
      if (!before.get(signal)?.includes(listener)) process.off(signal, listener);
    }
  }
});

it('takes signals that come together for one, and hurries at the next', () => {
  const stop = jest.fn<Stack['stop']>(() => new Promise(() => undefined));
  stopOnSignals({ stop } as unknown as Stack);
  process.emit('SIGTERM', 'SIGTERM');
  process.emit('SIGTERM', 'SIGTERM');
  expect(stop.mock.calls).toEqual([[false]]);
  jest.advanceTimersByTime(1_000);
  process.emit('SIGINT', 'SIGINT');
  expect(stop.mock.calls).toEqual([[false], [true]]);
});

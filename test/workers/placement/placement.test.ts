import { getEventListeners } from 'node:events';
import { pino } from 'pino';
import type { Store } from '../../../src/store/types.js';
import { Placement } from '../../../src/workers/placement/placement.js';

const placement = new Placement({} as Store, 30_000, pino({ level: 'silent' }));

/** What hangs on a signal: listeners, and signals made of it. */
function hanging(signal: AbortSignal): number {
  const sizes = Object.getOwnPropertySymbols(signal).map(
    (symbol) =>
      ((signal as unknown as Record<symbol, unknown>)[symbol] as { size?: number } | null)?.size ?? 0,
  );
  return getEventListeners(signal, 'abort').length + sizes.reduce((sum, size) => sum + size, 0);
}

it('wakes who waits for a change, at the change, in time, or when it is given up', async () => {
  const { signal } = new AbortController();
  await placement.nextChange(1, signal);
  const changed = placement.nextChange(60_000, signal);
  placement.changed();
  await changed;
  const controller = new AbortController();
  const given = placement.nextChange(60_000, controller.signal);
  controller.abort();
  await given;
  await placement.nextChange(60_000, controller.signal);
});

it('leaves nothing behind on a signal that outlives the wait', async () => {
  const { signal } = new AbortController();
  for (let i = 0; i < 10; i++) {
    const changed = placement.nextChange(60_000, signal);
    placement.changed();
    await changed;
  }
  expect(hanging(signal)).toBe(0);
});

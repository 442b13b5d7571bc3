import { Ledger } from '../../src/workflows/ledger.js';
import { ParkedSlices, type ParkedState } from '../../src/workflows/parked-slices.js';
import { TUNING } from '../../src/workflows/tuning.js';
import type { SlicerState } from '../../src/workflows/types.js';

const parked = (state?: ParkedState): ParkedSlices =>
  new ParkedSlices(
    'ex',
    new Ledger(0),
    { pages: [] as string[] } as SlicerState,
    () => undefined,
    TUNING,
    state,
  );

it('counts the failed slices that it is told of, behind those that its execution began with', () => {
  const slices = parked({ recoveredPosition: 0 });
  expect(slices.extend(7, 5)).toBe(2);
  expect(slices.extend(10, 5)).toBe(3);
  expect(slices.end).toBe(10);
});

it('counts those of a replay that was given up and of which it never heard', () => {
  const slices = parked();
  expect(slices.extend(0, 0)).toBe(0);
  // One at position 0 came late; the next replay puts one behind it.
  expect(slices.extend(2, 0)).toBe(2);
  expect(slices.position).toBe(0);
});

it('counts each once when answers come in another order', () => {
  const slices = parked();
  expect([slices.extend(5, 0), slices.extend(3, 0)]).toEqual([5, 0]);
  expect(slices.end).toBe(5);
});

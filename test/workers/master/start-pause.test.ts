import { startPause } from '../../../src/workers/master/start-pause.js';

it('waits longer for Temporal with each failure, up to a few seconds, and not with all others at once', () => {
  expect([1, 2, 3, 4, 1_000_000].map((failures) => startPause(failures, 0))).toEqual([
    500, 1_000, 2_000, 4_000, 4_000,
  ]);
  expect(startPause(4, 0.5)).toBe(3_000);
  expect(startPause(4, 0.999)).toBeCloseTo(2_000, -1);
});

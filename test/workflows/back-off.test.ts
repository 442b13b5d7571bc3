import { backOff } from '../../src/workflows/back-off.js';

it('doubles with each try, up to a minute, and spreads by half to either side', () => {
  const middle = [1, 2, 3, 20].map((tries) => backOff(tries, 0.5));
  expect(middle).toEqual([200, 400, 800, 60_000]);
  expect(backOff(3, 0)).toBe(400);
  expect(backOff(3, 0.999)).toBeCloseTo(1_200, -1);
});

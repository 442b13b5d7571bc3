import { expect, it } from '@jest/globals';
import { growthOf } from '../../../bench/scenarios/files.js';

it('compares the peaks of both halves of a run', () => {
  expect(growthOf([50, 100, 80, 100])).toBe(100);
  expect(growthOf([50, 100, 150, 90])).toBe(150);
});

import { expect, it } from '@jest/globals';
import { ratios, summarize } from '../../../bench/report/statistics.js';

it('finds min, median and max, in whatever order values come', () => {
  expect(summarize([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
  expect(summarize([10, 9, 100, 1])).toEqual({ min: 1, median: 9.5, max: 100 });
  expect(summarize([5])).toEqual({ min: 5, median: 5, max: 5 });
});

it('leaves the values as they are', () => {
  const values = [2, 1];
  summarize(values);
  expect(values).toEqual([2, 1]);
});

it('has nothing to say of no values', () => {
  expect(() => summarize([])).toThrow('nothing was measured');
});

it('compares each value with the one measured beside it', () => {
  expect(ratios([1, 6], [2, 3])).toEqual([0.5, 2]);
  expect(() => ratios([1], [1, 2])).toThrow('1 values cannot be compared with 2');
});

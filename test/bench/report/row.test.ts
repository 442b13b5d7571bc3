import { expect, it } from '@jest/globals';
import { judge, type Row, type Target } from '../../../bench/report/row.js';

const row = (values: number[], target?: Target, reference?: number[]): Row => ({
  scenario: 's',
  name: 'n',
  unit: 'u',
  values,
  limits: [],
  ...(target ? { target } : {}),
  ...(reference ? { reference: { name: 'r', values: reference } } : {}),
});

it('judges the median', () => {
  expect(judge(row([1, 2, 9], { value: 2, of: 'value', better: 'lower' })).met).toBe(true);
  expect(judge(row([1, 3, 9], { value: 2, of: 'value', better: 'lower' })).met).toBe(false);
  expect(judge(row([1, 3, 9], { value: 3, of: 'value', better: 'higher' })).met).toBe(true);
  expect(judge(row([1, 2, 9], { value: 3, of: 'value', better: 'higher' })).met).toBe(false);
});

it('judges the median of the ratios, not the ratio of the medians', () => {
  const judged = judge(row([10, 10, 80], { value: 0.5, of: 'ratio', better: 'higher' }, [10, 100, 100]));
  expect(judged.ratio).toEqual({ min: 0.1, median: 0.8, max: 1 });
  expect(judged.referenceSummary?.median).toBe(100);
  expect(judged.met).toBe(true);
});

it('does not judge without a target', () => {
  expect(judge(row([1])).met).toBeUndefined();
});

it('refuses a ratio to nothing', () => {
  expect(() => judge(row([1], { value: 1, of: 'ratio', better: 'higher' }))).toThrow('no reference');
});

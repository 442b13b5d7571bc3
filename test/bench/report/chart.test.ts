import { expect, it } from '@jest/globals';
import { attainment, chart } from '../../../bench/report/chart.js';
import { judge, type Target } from '../../../bench/report/row.js';

const judged = (name: string, value: number, target?: Target) =>
  judge({ scenario: 's', name, unit: 's', values: [value], limits: [], ...(target ? { target } : {}) });

it('is above 100 for what is better than its target, whichever way that is', () => {
  expect(attainment(judged('a', 0.5, { value: 1, of: 'value', better: 'lower' }))).toBe(200);
  expect(attainment(judged('a', 0.5, { value: 1, of: 'value', better: 'higher' }))).toBe(50);
  expect(attainment(judged('a', 0.5))).toBeUndefined();
});

it('takes no events at all for as good as it gets', () => {
  expect(attainment(judged('a', 0, { value: 0, of: 'value', better: 'lower' }))).toBe(100);
  expect(attainment(judged('a', 2, { value: 0, of: 'value', better: 'lower' }))).toBe(0);
});

it('draws a bar for each figure with a target', () => {
  const svg = chart(
    [
      judged('stop answered', 0.3, { value: 1.5, of: 'value', better: 'lower' }),
      judged('memory of nothing', 1),
    ],
    '2 processors',
  );
  expect(svg).toMatch(/^<svg /);
  expect(svg).toContain('stop answered');
  expect(svg).toContain('2 processors');
  expect(svg).toContain('500%');
  expect(svg).not.toContain('memory of nothing');
});

it('draws nothing of nothing', () => {
  expect(chart([judged('a', 1)], '')).toBeUndefined();
});

import { expect, it } from '@jest/globals';
import { judge } from '../../../bench/report/row.js';
import { number, table } from '../../../bench/report/table.js';

it('gives three digits, and all before the point', () => {
  expect([0, 0.0774, 1, 3.456, 99.94, 156.78, 16_324.4].map(number)).toEqual(
    '0 0.077 1 3.46 99.9 157 16,324'.split(' '),
  );
});

it('lines the columns up, with units, ratio and verdict', () => {
  const text = table([
    judge({
      scenario: 'throughput',
      name: 'slices/s, 2 workers',
      unit: 'slices/s',
      values: [20_000, 18_000, 19_000],
      reference: { name: 'bare loop', values: [40_000, 40_000, 40_000] },
      target: { value: 0.5, of: 'ratio', better: 'higher' },
      teraslice: '95–105',
      limits: [],
    }),
    judge({
      scenario: 'control',
      name: 'stop',
      unit: 's',
      values: [0.3],
      target: { value: 1.5, of: 'value', better: 'lower' },
      limits: [],
    }),
  ]);
  const lines = text.split('\n');
  expect(new Set(lines.map((line) => [...line].length)).size).toBe(1);
  const cells = lines.map((line) => line.split('|').map((cell) => cell.trim()));
  expect(cells[2]).toEqual(
    '|slices/s, 2 workers|slices/s|18,000|19,000|20,000|bare loop 40,000|48%|≥ 50%|no|95–105|'.split('|'),
  );
  expect(cells[3]).toEqual('|stop|s|0.3|0.3|0.3|||≤ 1.5|yes||'.split('|'));
});

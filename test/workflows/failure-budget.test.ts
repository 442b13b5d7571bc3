import { overBudget } from '../../src/workflows/failure-budget.js';

it.each([
  [null, 1_000, 1_000, false],
  [undefined, 1, 1, false],
  [0, 0, 10, false],
  [0, 1, 1, true],
  [3, 3, 10, false],
  [3, 4, 10, true],
  ['5%', 99, 99, false],
  ['5%', 5, 100, false],
  ['5%', 6, 100, true],
  ['2.5%', 250, 10_000, false],
  ['2.5%', 251, 10_000, true],
  ['0%', 1, 100, true],
  ['100%', 100, 100, false],
])('limit %p, %i failed of %i: %p', (limit, failed, processed, over) => {
  expect(overBudget(limit, { failed, processed })).toBe(over);
});

import { expect, it } from '@jest/globals';
import { faultKinds, planFaults, TARGETS, type Fault } from './plan.js';

const kinds = faultKinds(TARGETS);

function take(count: number, seed: number): Fault[] {
  const plan = planFaults({ seed, kinds, longest: 40_000 });
  return Array.from({ length: count }, () => plan.next().value);
}

it('plans the same faults for the same seed, and others for another', () => {
  expect(take(100, 7)).toEqual(take(100, 7));
  expect(take(100, 7)).not.toEqual(take(100, 8));
});

it('plans each kind once before any comes twice', () => {
  const names = take(2 * kinds.length, 1).map(({ action, target }) => `${action} ${target}`);
  expect(new Set(names.slice(0, kinds.length)).size).toBe(kinds.length);
  expect(new Set(names.slice(kinds.length)).size).toBe(kinds.length);
});

it('keeps to its limits, and overlaps some', () => {
  const faults = take(500, 3);
  for (const { action, lasts } of faults) {
    expect(lasts).toBeGreaterThanOrEqual(1_000);
    expect(lasts).toBeLessThanOrEqual(action === 'suspend' ? 40_000 : 10_000);
  }
  const overlapping = faults.filter(({ overlaps }) => overlaps);
  expect(overlapping.length).toBeGreaterThan(50);
  faults.forEach(({ overlaps, wait }, i) => {
    if (overlaps) expect(wait).toBeLessThanOrEqual(faults[i - 1]!.lasts);
  });
});

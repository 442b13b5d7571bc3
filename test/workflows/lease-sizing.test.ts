import {
  LEASE_BUDGET_MS,
  MAX_LEASE_SLICES,
  leaseSize,
  maxLeases,
  smoothedMsPerSlice,
  wantedQueue,
} from '../../src/workflows/lease-sizing.js';

it('leases one slice while nothing is known of how long they take', () => {
  expect(leaseSize(0, 10_000, 4, false)).toBe(1);
});

it('fills a lease to less than its budget', () => {
  const size = leaseSize(10, 100_000, 4, false);
  expect(size * 10).toBeLessThan(LEASE_BUDGET_MS);
  expect(size * 10).toBeGreaterThan(LEASE_BUDGET_MS / 2);
});

it('leases slow slices one at a time, and never more than the most', () => {
  expect(leaseSize(60_000, 100, 2, false)).toBe(1);
  expect(leaseSize(0.005, 1_000_000, 2, false)).toBe(MAX_LEASE_SLICES);
});

it('shares what is queued among the workers, more finely near the end', () => {
  expect(leaseSize(1, 40, 4, false)).toBe(10);
  expect(leaseSize(1, 40, 4, true)).toBe(5);
  expect(leaseSize(1, 1, 4, true)).toBe(1);
});

it('has one lease out for a single worker, and for more some that wait, so that none is idle', () => {
  expect([1, 2, 8, 200].map(maxLeases)).toEqual([1, 4, 16, 400]);
});

it('never has more leases out than Temporal bears, however many workers are asked for', () => {
  expect([500, 3_000, 2_147_483_647].map(maxLeases)).toEqual([1_000, 1_000, 1_000]);
});

it('follows the measured time, and believes nothing that took no time', () => {
  expect(smoothedMsPerSlice(0, 100, 50)).toBe(0.5);
  const next = smoothedMsPerSlice(0.5, 10, 100);
  expect(next).toBeGreaterThan(0.5);
  expect(next).toBeLessThan(10);
  expect(smoothedMsPerSlice(3, 0, 5_000)).toBe(3);
  expect(smoothedMsPerSlice(0, 1_000, 0)).toBeGreaterThan(0);
  let average = 100;
  for (let leases = 0; leases < 30; leases++) average = smoothedMsPerSlice(average, 10, 20);
  expect(average).toBeCloseTo(2, 1);
});

it('wants slices ready for about two budgets of every worker, within bounds', () => {
  expect(wantedQueue(0, 2)).toBe(10);
  expect(wantedQueue(10, 3)).toBeGreaterThanOrEqual((3 * 2 * LEASE_BUDGET_MS) / 10);
  expect(wantedQueue(600_000, 3)).toBeGreaterThan(3);
  expect(wantedQueue(0.005, 8)).toBeLessThanOrEqual(50_000);
});

import { LeaseSizing, type Supply } from '../../src/workflows/lease-sizing.js';
import { BEFORE, TUNING } from '../../src/workflows/tuning.js';

const sizing = new LeaseSizing(TUNING);

const supply = (msPerSlice: number, queued: number, workers: number, more: Partial<Supply> = {}): Supply => ({
  ...{ msPerSlice, queued, workers, most: 1_000_000, leased: 0, endInSight: false, ...more },
});

it('leases few slices while nothing is known of how long they take, and leaves some for all', () => {
  expect(sizing.size(supply(0, 10_000, 4))).toBe(4);
  expect(sizing.size(supply(0, 16, 4))).toBe(2);
  expect(sizing.size(supply(0, 7, 4))).toBe(1);
  expect(sizing.size({ ...supply(0, 10_000, 4), most: 2 })).toBe(2);
});

it('fills a lease to less than its budget', () => {
  const size = sizing.size(supply(10, 100_000, 4, { leased: 3 }));
  expect(size * 10).toBeLessThan(sizing.budget(4));
  expect(size * 10).toBeGreaterThan(sizing.budget(4) / 2);
});

it('gives few workers two seconds, and many so much that their leases are no more than a server bears', () => {
  expect([1, 2, 20].map((workers) => sizing.budget(workers))).toEqual([2_000, 2_000, 2_000]);
  expect(sizing.budget(64)).toBe(6_400);
  expect(sizing.budget(1_000_000)).toBe(30_000);
  expect(sizing.size(supply(50, 100_000, 64, { leased: 63 })) * 50).toBeGreaterThan(6_000);
});

it('leases slow slices one at a time, and never more than the most', () => {
  expect(sizing.size(supply(60_000, 100, 2))).toBe(1);
  expect(sizing.size(supply(0.005, 1_000_000, 2, { leased: 1 }))).toBe(TUNING.maxLeaseSlices);
  expect(sizing.size(supply(1, 1_000, 2, { leased: 1, most: 50 }))).toBe(50);
  expect(sizing.size(supply(1, 1_000, 2, { most: 0 }))).toBe(1);
});

it('shares what is queued among the workers that have nothing, more finely near the end', () => {
  expect(sizing.size(supply(1, 40, 4))).toBe(10);
  expect(sizing.size(supply(1, 40, 4, { leased: 2 }))).toBe(20);
  expect(sizing.size(supply(1, 3_000, 64, { leased: 63 }))).toBe(1_520);
  expect(sizing.size(supply(1, 40, 4, { endInSight: true }))).toBe(5);
  expect(sizing.size(supply(1, 1, 4, { endInSight: true }))).toBe(1);
});

it('gives workers that all have nothing more and more, so that they are not all at once without anything again', () => {
  const workers = 64;
  const sizes = Array.from({ length: workers }, (_, leased) =>
    sizing.size(supply(50, 100_000, workers, { leased })),
  );
  const full = sizing.size(supply(50, 100_000, workers, { leased: workers }));
  expect(sizes[0]).toBeLessThan(0.3 * full);
  expect(sizes[workers / 2]! - sizes[0]!).toBeCloseTo(sizes[workers - 1]! - sizes[workers / 2]!, -1);
  expect(sizes[workers - 1]).toBe(full);
  expect(sizing.size(supply(50, 100_000, 1))).toBe(Math.floor((0.95 * sizing.budget(1)) / 50));
  const most = sizing.maxLeases(2_000);
  expect(sizing.size(supply(1_000, 100_000, 2_000, { leased: most - 1 }))).toBe(28);
});

it('makes no small leases ahead: with all workers busy it waits for more slices, unless no more can be queued', () => {
  const busy = { leased: 4 };
  expect(sizing.size(supply(1, 900, 4, busy))).toBe(0);
  expect(sizing.size(supply(1, 1_200, 4, busy))).toBe(950);
  expect(sizing.size(supply(1, 6_000, 4, busy))).toBe(1_500);
  expect(sizing.size(supply(1, 100, 4, { ...busy, most: 100 }))).toBe(50);
  expect(sizing.size(supply(1, 3, 4, { ...busy, endInSight: true }))).toBe(1);
});

it('has one lease out for a single worker, and for more some that wait, so that none is idle', () => {
  expect([1, 2, 8, 200].map((workers) => sizing.maxLeases(workers))).toEqual([1, 4, 16, 400]);
});

it('never has more leases out than Temporal bears, however many workers are asked for', () => {
  expect([500, 3_000, 2_147_483_647].map((workers) => sizing.maxLeases(workers))).toEqual([
    1_000, 1_000, 1_000,
  ]);
});

it('follows the measured time, and believes nothing that took no time', () => {
  expect(sizing.smoothedMsPerSlice(0, 100, 50)).toBe(0.5);
  const next = sizing.smoothedMsPerSlice(0.5, 10, 100);
  expect(next).toBeGreaterThan(0.5);
  expect(next).toBeLessThan(10);
  expect(sizing.smoothedMsPerSlice(3, 0, 5_000)).toBe(3);
  expect(sizing.smoothedMsPerSlice(0, 1_000, 0)).toBeGreaterThan(0);
  let average = 100;
  for (let leases = 0; leases < 30; leases++) average = sizing.smoothedMsPerSlice(average, 10, 20);
  expect(average).toBeCloseTo(2, 1);
});

it('wants slices ready for about two budgets of every worker, within bounds', () => {
  expect(sizing.wantedQueue(0, 2)).toBe(18);
  expect(sizing.wantedQueue(10, 3)).toBeGreaterThanOrEqual((3 * 2 * sizing.budget(3)) / 10);
  expect(sizing.wantedQueue(600_000, 3)).toBeGreaterThan(3);
  expect(sizing.wantedQueue(0.005, 8)).toBeLessThanOrEqual(50_000);
});

it('lets a history have room for all leases that may be out before they are handed out anew', () => {
  expect([1, 64, 250].map((workers) => sizing.maxHistoryEvents(workers))).toEqual([1_500, 1_500, 1_500]);
  expect(sizing.maxHistoryEvents(500)).toBe(3 * sizing.maxLeases(500));
  expect(new LeaseSizing(BEFORE).maxHistoryEvents(500)).toBe(1_500);
});

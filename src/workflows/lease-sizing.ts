/**
 * How many slices go into a lease.
 *
 * A lease should last about as long as its budget: shorter ones cost round trips, and what a lease cannot
 * finish in its budget has been in history for nothing. So its size follows the measured time a slice;
 * near the end of the supply it shrinks, so that all workers finish together.
 */

/** Time a lease may go on starting slices, in ms. Shorter: pause and stop settle sooner, more Temporal calls. */
export const LEASE_BUDGET_MS = 1_000;
/** Share of the budget that a lease is filled to: the rest absorbs slices slower than the average. */
const FILL = 0.8;
/** Most slices in one lease. */
export const MAX_LEASE_SLICES = 10_000;
/** Weight of the newest lease in the running average of the time a slice. */
const SMOOTHING = 0.4;
/** Lowest time a slice that is believed, in ms. */
const FLOOR_MS = 0.005;

/**
 * Most leases that may be out at once: Temporal fails a workflow task that leaves more than 2,000 activities pending
 * (`limit.numPendingActivities.error`), and there are others than leases.
 */
const MAX_LEASES = 1_000;

/**
 * Leases that may be out at once: one for every worker, and one that waits behind it so that none is idle. A
 * single worker gets one at a time: Temporal does not promise an order among several, and jobs with one
 * worker may rely on that of the slicer.
 */
export const maxLeases = (workers: number): number => (workers <= 1 ? 1 : Math.min(workers * 2, MAX_LEASES));

/** The running average of ms a slice after a lease that ended `slices` slices in `ms`; 0 means unknown. */
export function smoothedMsPerSlice(before: number, slices: number, ms: number): number {
  if (slices < 1) return before;
  const measured = Math.max(ms / slices, FLOOR_MS);
  return before === 0 ? measured : before + SMOOTHING * (measured - before);
}

/** Slices for the next lease, given the running average (0: unknown), what is queued and who shares it. */
export function leaseSize(msPerSlice: number, queued: number, workers: number, endInSight: boolean): number {
  const byTime = msPerSlice === 0 ? 1 : Math.floor((LEASE_BUDGET_MS * FILL) / msPerSlice);
  const share = Math.ceil(queued / (endInSight ? workers * 2 : workers));
  return Math.max(1, Math.min(byTime, share, MAX_LEASE_SLICES));
}

/** Slices to hold ready for the workers: two budgets' worth for each, within what a slicer may queue. */
export function wantedQueue(msPerSlice: number, workers: number): number {
  const perWorker = msPerSlice === 0 ? 4 : Math.ceil((2 * LEASE_BUDGET_MS) / msPerSlice);
  return Math.min(Math.max(perWorker, 2) * workers + 2, 50_000);
}

/**
 * How many slices go into a lease.
 *
 * A lease should last about as long as its budget: shorter ones cost round trips, and what a lease cannot
 * finish in its budget has been in history for nothing. So its size follows the measured time a slice;
 * near the end of the supply it shrinks, so that all workers finish together.
 */

/** Budget of the leases of few workers, in ms. Longer: fewer Temporal calls, but a lost lease runs more again. */
const LEAST_BUDGET_MS = 1_000;
/** Longest budget, in ms. */
const MOST_BUDGET_MS = 30_000;
/**
 * Leases a second that the workers of an execution end together, above which their budgets grow: each costs Temporal
 * and a master some 25 ms of a processor.
 */
const LEASES_PER_SECOND = 16;
/**
 * Share of the budget that a lease is filled to. What a lease cannot finish has been in history for nothing; one
 * that ends early costs a round trip more, and one above a second a heartbeat.
 */
const FILL = 0.95;
/** Share of a full lease below which none is made ahead. */
const LEAST_SHARE = 0.5;
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

/**
 * Time a lease may go on starting slices, in ms. Pause and stop do not wait for it, and no slice longer than it does:
 * what it decides is how much work is lost with a lease, and how many leases there are.
 */
export const leaseBudget = (workers: number): number =>
  Math.min(Math.max((workers / LEASES_PER_SECOND) * 1_000, LEAST_BUDGET_MS), MOST_BUDGET_MS);

/** The running average of ms a slice after a lease that ended `slices` slices in `ms`; 0 means unknown. */
export function smoothedMsPerSlice(before: number, slices: number, ms: number): number {
  if (slices < 1) return before;
  const measured = Math.max(ms / slices, FLOOR_MS);
  return before === 0 ? measured : before + SMOOTHING * (measured - before);
}

/** What the next lease may be made of, and for whom. */
export interface Supply {
  /** Running average of ms a slice; 0: unknown. */
  msPerSlice: number;
  /** Slices queued. */
  queued: number;
  /** Slices that a lease may hold for other reasons: their bytes, or what the reader wants queued. */
  most: number;
  /** Leases that are out. */
  leased: number;
  workers: number;
  /** The slicer will give no more. */
  endInSight: boolean;
}

/**
 * Slices for the next lease; 0 if it is better to wait for more: once every worker has one, another is worth its
 * round trips only if it keeps a worker busy for a while.
 */
export function leaseSize({ msPerSlice, queued, most, leased, workers, endInSight }: Supply): number {
  if (msPerSlice === 0) return 1;
  const inBudget = Math.floor((leaseBudget(workers) * FILL) / msPerSlice);
  const full = Math.max(1, Math.min(inBudget, most, MAX_LEASE_SLICES));
  if (endInSight) return Math.min(full, Math.ceil(queued / (workers * 2)));
  const least = Math.ceil(full * LEAST_SHARE);
  const idle = workers - leased;
  if (idle > 0) {
    // Others will be idle soon; but very small leases are for when there are as many that are idle.
    const share = Math.ceil(queued / Math.max(idle, Math.ceil(workers / 2)));
    return Math.min(full, Math.max(share, Math.min(Math.ceil(queued / idle), Math.ceil(least / 2))));
  }
  return queued < least ? 0 : Math.min(full, Math.max(Math.ceil(queued / workers), least));
}

/**
 * Slices to hold ready for the workers: two budgets' worth for each, within what a slicer may queue. The slicer is asked
 * for more when half of them are gone: a call costs as much as a lease.
 */
export function wantedQueue(msPerSlice: number, workers: number): number {
  const perWorker = msPerSlice === 0 ? 4 : Math.ceil((2 * leaseBudget(workers)) / msPerSlice);
  return Math.min(Math.max(perWorker, 2) * workers + 2, 50_000);
}

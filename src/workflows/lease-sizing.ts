import type { Tuning } from './tuning.js';

/**
 * How many slices go into a lease.
 *
 * A lease should last about as long as its budget: shorter ones cost round trips, and what a lease cannot
 * finish in its budget has been in history for nothing. So its size follows the measured time a slice;
 * near the end of the supply it shrinks, so that all workers finish together.
 */

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

/** Sizes leases with the numbers of one run. */
export class LeaseSizing {
  constructor(private readonly tuning: Tuning) {}

  /**
   * Leases that may be out at once: one for every worker, and one that waits behind it so that none is idle. A
   * single worker gets one at a time: Temporal does not promise an order among several, and jobs with one
   * worker may rely on that of the slicer.
   */
  maxLeases(workers: number): number {
    return workers <= 1 ? 1 : Math.min(workers * 2, this.tuning.maxLeases);
  }

  /**
   * Time a lease may go on starting slices, in ms. Pause and stop do not wait for it, and no slice longer than it does:
   * what it decides is how much work is lost with a lease, and how many leases there are.
   */
  budget(workers: number): number {
    const { leasesPerSecond, leastBudgetMs, mostBudgetMs } = this.tuning;
    return Math.min(Math.max((workers / leasesPerSecond) * 1_000, leastBudgetMs), mostBudgetMs);
  }

  /** The running average of ms a slice after a lease that ended `slices` slices in `ms`; 0 means unknown. */
  smoothedMsPerSlice(before: number, slices: number, ms: number): number {
    if (slices < 1) return before;
    const measured = Math.max(ms / slices, this.tuning.leastMsPerSlice);
    return before === 0 ? measured : before + this.tuning.smoothing * (measured - before);
  }

  /**
   * Slices for the next lease; 0 if it is better to wait for more: once every worker has one, another is worth its
   * round trips only if it keeps a worker busy for a while.
   */
  size({ msPerSlice, queued, most, leased, workers, endInSight }: Supply): number {
    const { firstLeaseSlices, firstLeaseShare, leaseFill, leastLeaseShare, maxLeaseSlices } = this.tuning;
    if (msPerSlice === 0) {
      // No more than leave some for all other leases: slices may be long.
      const share = Math.floor(queued / this.maxLeases(workers));
      return Math.max(1, Math.min(firstLeaseSlices, share, most));
    }
    const inBudget = Math.floor((this.budget(workers) * leaseFill) / msPerSlice);
    const full = Math.max(1, Math.min(inBudget, most, maxLeaseSlices));
    if (endInSight) return Math.min(full, Math.ceil(queued / (workers * 2)));
    const least = Math.ceil(full * leastLeaseShare);
    const idle = workers - leased;
    if (idle > 0) {
      // Others will be idle soon; but very small leases are for when there are as many that are idle.
      const share = Math.ceil(queued / Math.max(idle, Math.ceil(workers / 2)));
      const atFirst = Math.min(workers, this.maxLeases(workers));
      const longest = Math.ceil(full * (firstLeaseShare + ((1 - firstLeaseShare) * (leased + 1)) / atFirst));
      return Math.min(longest, Math.max(share, Math.min(Math.ceil(queued / idle), Math.ceil(least / 2))));
    }
    return queued < least ? 0 : Math.min(full, Math.max(Math.ceil(queued / workers), least));
  }

  /**
   * Slices to hold ready for the workers: two budgets' worth for each, within what a slicer may queue. The slicer is asked
   * for more when half of them are gone: a call costs as much as a lease.
   */
  wantedQueue(msPerSlice: number, workers: number): number {
    const perWorker =
      msPerSlice === 0 ? this.tuning.firstQueuedSlices : Math.ceil((2 * this.budget(workers)) / msPerSlice);
    return Math.min(Math.max(perWorker, 2) * workers + 2, this.tuning.maxQueuedSlices);
  }

  /** Events after which a run is continued as new. */
  maxHistoryEvents(workers: number): number {
    const { maxHistoryEvents, historyEventsPerLease } = this.tuning;
    return Math.max(maxHistoryEvents, historyEventsPerLease * this.maxLeases(workers));
  }
}

/**
 * Numbers that decide how many commands a workflow task makes, and which. What a run has done is replayed with the
 * numbers that it was begun with: others would be no mistake, but another history, and the run could not go on. So
 *
 * - a run keeps one record of them: it comes with the claim, or is carried from the run before. A new value takes effect
 *   with the next execution, or the next continue-as-new;
 * - a value is changed in {@link TUNING}, never in {@link BEFORE}, which is of the runs that carry none;
 * - a new number has a value in BEFORE that does what was done without it;
 * - any other change of what a workflow commands, numbers elsewhere in this folder included, is made with `wf.patched`.
 *
 * `test/histories` replays what earlier versions recorded.
 */
export interface Tuning {
  /**
   * Events after which a run is continued as new; Temporal's own hint comes with 4 MB. Replaying 1,500 takes a master up
   * to two seconds, more if it is busy, and must not take as long as a workflow task may.
   */
  maxHistoryEvents: number;
  /** The same for each lease that may be out, if that is more: what is out is cancelled, and issued again. */
  historyEventsPerLease: number;

  /** Budget of the leases of few workers, in ms. Longer: fewer Temporal calls, but a lost lease runs more again. */
  leastBudgetMs: number;
  /** Longest budget, in ms. */
  mostBudgetMs: number;
  /**
   * Leases a second that the workers of an execution end together, above which their budgets grow: each costs Temporal
   * and a master some 25 ms of a processor.
   */
  leasesPerSecond: number;
  /**
   * Most slices in a lease while it is unknown how long they take. With one the workers wait for a round trip after it, which is
   * longer than a short slice; a long one ends its lease, and what is left goes to others.
   */
  firstLeaseSlices: number;
  /** Slices to hold ready for each worker until then. */
  firstQueuedSlices: number;
  /**
   * Share of the budget that a lease is filled to. What a lease cannot finish has been in history for nothing; one
   * that ends early costs a round trip more, and one above a second a heartbeat.
   */
  leaseFill: number;
  /** Share of a full lease below which none is made ahead. */
  leastLeaseShare: number;
  /**
   * Share of a full lease that the first of many idle workers gets; the others get more and more, the last one all of it. Leases
   * that begin together then end one after the other: numbers move all the time, and Temporal and the master have an even load.
   */
  firstLeaseShare: number;
  /** Most slices in one lease. */
  maxLeaseSlices: number;
  /**
   * Most leases that may be out at once: Temporal fails a workflow task that leaves more than 2,000 activities pending
   * (`limit.numPendingActivities.error`), and there are others than leases.
   */
  maxLeases: number;
  /** Weight of the newest lease in the running average of the time a slice. */
  smoothing: number;
  /** Lowest time a slice that is believed, in ms. */
  leastMsPerSlice: number;

  /**
   * Time in ms for which outcomes are waited for once all hosts are gone, or their nodes silent; 0: for ever. A node may
   * have lost its master, and still answer Temporal.
   */
  lateOutcomesMs: number;

  /** Most slices to hold ready for the workers. */
  maxQueuedSlices: number;
  /** Bytes of slices held in the queue, packed. */
  maxQueuedBytes: number;
  /** Slices of one read of those parked in the store, at most. */
  readSlices: number;
  /** Bytes of their requests, at most: with their ids a read stays below what is taken up at once. */
  readBytes: number;

  /** Events of slices that go with one call of the slicer. */
  eventsPerCall: number;
  /** Events that may wait before no more slices are asked for, which would only bring more of them. */
  maxEvents: number;
  /** Times in a row that a slicer throws at which the execution ends. */
  maxSlicerErrors: number;
  /** Deaths in a row of its host, in one and the same call, at which the execution ends: more, as others kill, too. */
  maxSlicerDeaths: number;
}

/** Of runs that began before there was such a record. Not to be changed. */
export const BEFORE: Readonly<Tuning> = {
  maxHistoryEvents: 1_500,
  historyEventsPerLease: 0,
  leastBudgetMs: 1_000,
  mostBudgetMs: 30_000,
  leasesPerSecond: 16,
  firstLeaseSlices: 1,
  firstQueuedSlices: 4,
  leaseFill: 0.95,
  leastLeaseShare: 0.5,
  firstLeaseShare: 1,
  maxLeaseSlices: 10_000,
  maxLeases: 1_000,
  smoothing: 0.4,
  leastMsPerSlice: 0.005,
  lateOutcomesMs: 0,
  maxQueuedSlices: 50_000,
  maxQueuedBytes: 512 * 1024,
  readSlices: 2_000,
  readBytes: 64 * 1024,
  eventsPerCall: 1_000,
  maxEvents: 2_000,
  maxSlicerErrors: 4,
  maxSlicerDeaths: 8,
};

/** Of runs that begin now. */
export const TUNING: Readonly<Tuning> = {
  ...BEFORE,
  leastBudgetMs: 2_000,
  leasesPerSecond: 10,
  historyEventsPerLease: 3,
  firstLeaseSlices: 4,
  firstQueuedSlices: 8,
  firstLeaseShare: 0.25,
  lateOutcomesMs: 60_000,
};

/** The numbers of a run that was given these. */
export const tuningOf = (given: Partial<Tuning> | undefined): Tuning => ({ ...BEFORE, ...given });

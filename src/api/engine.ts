import type { LedgerSnapshot, LedgerTally } from '../store/types.js';
import type { Wanted } from '../workflows/types.js';

export type Wish =
  | { signal: 'pause' }
  | { signal: 'resume' }
  | { signal: 'stop' }
  | { signal: 'setWorkers'; workers: number }
  | { signal: 'setLogLevel'; level: string };

/** What the API asks of the workflows. Implemented over the Temporal client by the master. */
export interface Engine {
  /** Makes sure that a `pending` execution's workflow gets started, in the background; never rejects. */
  submitted(exId: string): void;
  /**
   * Tells a running workflow what is wanted of it.
   * @param ms longest that may take
   * @throws CodedError EX_NOT_ACTIVE if no such workflow is running, TEMPORAL_UNAVAILABLE
   */
  signal(exId: string, wish: Wish, ms: number): Promise<void>;
  /**
   * Replays failed slices of a running workflow that match the filter, in that workflow. Asking again with
   * the same `id` replays nothing twice.
   * @returns how many slices
   * @throws CodedError EX_NOT_ACTIVE if no such workflow is running, TEMPORAL_UNAVAILABLE
   */
  replay(exId: string, request: { id: string; filter: string }): Promise<number>;
  /**
   * The ledger as the workflow itself knows it, also of a closed or terminated one.
   * Undefined if Temporal does not know the workflow any more, or it never claimed its execution.
   * @throws CodedError TEMPORAL_UNAVAILABLE
   */
  ledger(exId: string): Promise<LedgerSnapshot | undefined>;
  /** Its numbers alone, which are cheap to ask for; undefined and throws as `ledger`. */
  tally(exId: string): Promise<LedgerTally | undefined>;
  /**
   * What a workflow wants to be, as the last of its callers said; it may not be so yet.
   * Undefined if Temporal does not know it.
   * @param ms longest that may take; it is not asked for longer than other questions are, either
   * @throws CodedError TEMPORAL_UNAVAILABLE
   */
  wanted(exId: string, ms: number): Promise<Wanted | undefined>;
  /** Tells placement and nodes that wanted numbers changed, so that nobody waits for the next tick. */
  kickPlacement(): void;
}

import type { SliceTuple } from '../store/types.js';

/** The ledger of an execution at one moment, with the slices it still owes. */
export interface LedgerSnapshot {
  issued: number;
  completed: number;
  failed: number;
  /** Issued and not finished: queued, leased and running. */
  pending: SliceTuple[];
  /** Last slice issued by each slicer: `[slicer_id, slicer_order, request as JSON]`. */
  last: Array<[number, number, string]>;
  slicerDone: boolean;
  /** Pages of issued slices that lie in the store and were not taken up yet; `last` does not know them. */
  pages: string[];
  /** Position of the next recovered slice not yet taken from the store; null if there are none left. */
  recoveredPosition: number | null;
  /** Whether the slicer said that it can be built anew; null if it never answered. */
  recoverable: boolean | null;
}

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
   * @throws CodedError EX_NOT_ACTIVE if no such workflow is running, TEMPORAL_UNAVAILABLE
   */
  signal(exId: string, wish: Wish): Promise<void>;
  /**
   * The ledger as the workflow itself knows it, also of a closed or terminated one.
   * Undefined if Temporal does not know the workflow any more, or it never claimed its execution.
   * @throws CodedError TEMPORAL_UNAVAILABLE
   */
  ledger(exId: string): Promise<LedgerSnapshot | undefined>;
  /** Tells placement and nodes that wanted numbers changed, so that nobody waits for the next tick. */
  kickPlacement(): void;
}

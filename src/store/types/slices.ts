import type { ListQuery, Pages } from './lists.js';

/**
 * A failed slice, as `/errors` shows it (Teraslice's `docs/management-apis/endpoints-json.md`). `request` is a JSON
 * string.
 */
export interface FailedSlice {
  ex_id: string;
  slice_id: string;
  slicer_id: number;
  slicer_order: number;
  request: string;
  state: 'error';
  error: string;
  retry_count?: number;
  /** The last execution that recovered it; ours, not Teraslice's. */
  recovered_by?: string;
  _created: string;
  _updated: string;
}

/** What a slice is known by, in whichever execution it runs. */
export type SliceKey = Pick<FailedSlice, 'slicer_id' | 'slicer_order' | 'slice_id'>;

/** `[slicer_id, slicer_order, request as JSON, slice_id if it is not the derived one]` */
export type SliceTuple = [number, number, string, string?];

/** The numbers of a ledger: issued = completed + failed + pending. */
export interface LedgerTally {
  issued: number;
  completed: number;
  failed: number;
  /** Issued and not finished: queued, leased, running, or to be tried again. */
  pending: number;
  /** Of those issued, slices of an earlier execution, or failed ones of this execution taken up again. */
  recovered: number;
}

/** The ledger of an execution at one moment, with the slices it still owes. */
export interface LedgerSnapshot extends Omit<LedgerTally, 'pending'> {
  pending: SliceTuple[];
  /** How many of `pending`, the first ones, may have been begun; reports of old do not say. */
  started?: number;
  /** Last slice made by each slicer, those in `pages` included: `[slicer_id, slicer_order, request as JSON]`. */
  last: Array<[number, number, string]>;
  slicerDone: boolean;
  /** Pages of slices that lie in the store and were not taken up yet. */
  pages: string[];
  /** Position of the next recovered slice not yet taken from the store; null if there are none left. */
  recoveredPosition: number | null;
  /** End (exclusive) of the positions of failed slices that were taken up again; 0: none were. */
  recoveredEnd: number;
  /** Whether the slicer said that it can be built anew; null if it never answered. */
  recoverable: boolean | null;
}

export interface FailedSliceStore {
  /**
   * Idempotent by (ex_id, slicer_id, slicer_order, slice_id): a page written twice counts once. A slice that
   * was being replayed has failed again: its row takes the new error. With `read`, the end (exclusive) of the positions
   * that the run has taken up when it failed, a write that comes late does not undo a replay that it knew nothing of.
   */
  write(page: FailedSlice[], read?: number): Promise<void>;
  /** What is being replayed is not listed, nor what a replay has completed. */
  list(query: ListQuery & { ex_id?: string }): Pages<FailedSlice>;
  /** Counts what `list` would give. */
  count(exId: string, filter?: string): Promise<number>;
  /**
   * All failed slices of an execution in order, page by page, for recovery. Among them are those put aside for
   * a replay at `known` or beyond: positions of which the execution has never heard.
   */
  pages(
    exId: string,
    pageSize: number,
    options?: { known?: number; filter?: string },
  ): AsyncIterable<FailedSlice[]>;
  /**
   * Puts failed slices that match beside the slices that the execution recovers, at positions `from` to
   * `to` - 1, and marks them, all in one transaction. The same `replayId` gets the same answer again.
   * @throws CodedError EX_NOT_ACTIVE if the execution has ended
   */
  takeForReplay(exId: string, replayId: string, filter: string): Promise<{ from: number; to: number }>;
  /**
   * What became of slices in the last of the executions `takers` (oldest first) that recovered them, by the
   * index of the slice; those that none has recovered are not there.
   */
  lastTakers(slices: SliceKey[], takers: string[]): Promise<Map<number, TakenSlice>>;
}

/** A slice in an execution that recovered it. */
export interface TakenSlice {
  ex_id: string;
  /** Its last position among the slices to recover. */
  position: number;
  /** Whether it was recorded as failed there. */
  failed: boolean;
  /** Set if it failed there and was put aside to be replayed. */
  replay_position: number | null;
}

/** Slices parked in the store: what an execution recovers, and slicer answers too large for one result. */
export interface SlicePageStore {
  /** Recovered slices from `position` on, at most `limit` of them and `maxBytes` (at least one); none: the end. */
  recovered(exId: string, position: number, limit: number, maxBytes: number): Promise<SliceTuple[]>;
  /** Idempotent by (ex_id, page_id). */
  writePage(exId: string, pageId: string, slices: SliceTuple[]): Promise<void>;
  /** @throws Error if there is no such page */
  readPage(exId: string, pageId: string): Promise<SliceTuple[]>;
  /** Forgets all pages of an execution. */
  clear(exId: string): Promise<void>;
}

import * as wf from '@temporalio/workflow';
import { messageOf, sinks, worker } from './calls.js';
import type { FailedSlices } from './failed-slices.js';
import type { Ledger } from './ledger.js';
import type { LeaseSizing } from './lease-sizing.js';
import type { Room } from './room.js';
import type { SlicerClient } from './slicer-client.js';
import { MAX_BATCH_BYTES } from './state-size.js';
import type { SliceTuple } from './types.js';

/** The part of {@link Leases} that continue-as-new carries. */
export interface LeasesState {
  /** Number of the last one. */
  lease: number;
  /** Running average of ms a slice; 0: unknown. */
  msPerSlice: number;
}

/** For whom leases are made. */
interface Takers {
  workers: number;
  logLevel: string | null;
}

/**
 * Leases of a run: batches of slices, each of which a worker processes in one activity, `processSlices`.
 *
 *     issued → out → (answer) → failures recorded → told to who listens → counted; what is left goes back
 *               │                   └─ refused → put back as it was; the execution ends
 *               ├──→ (cancelled before a worker had it) → returned, in front of the queue
 *               └──→ (nobody answers for it) → lost: issued again in halves, a slice alone at last recorded as failed
 *
 * One that is cancelled at work ends with the slice at hand and answers as ever. What the ledger makes of an answer is
 * described there ({@link Ledger.settle}).
 */
export class Leases {
  private readonly scopes = new Map<number, wf.CancellationScope>();
  private lastId: number;
  /** The newest lease at the last {@link cancel}. */
  private cancelledId = 0;
  private msPerSlice: number;

  /** @param ended one of them came back, or was lost */
  constructor(
    private readonly exId: string,
    private readonly ledger: Ledger,
    private readonly slicer: SlicerClient,
    private readonly failedSlices: FailedSlices,
    private readonly room: Room,
    private readonly sizing: LeaseSizing,
    private readonly ended: () => void,
    state: LeasesState = { lease: 0, msPerSlice: 0 },
  ) {
    this.lastId = state.lease;
    this.msPerSlice = state.msPerSlice;
  }

  /** Slices to hold ready for so many workers. */
  wantedQueue(workers: number): number {
    return this.sizing.wantedQueue(this.msPerSlice, workers);
  }

  /** Issues as many as may be out, while there is anything to lease. */
  issue(takers: Takers): void {
    const { ledger } = this;
    if (ledger.queued === 0 && ledger.nextRetryIn(0) === undefined) return;
    const limit = this.sizing.maxLeases(takers.workers);
    const bytes = Math.min(Math.max(Math.floor((2 * this.room.queueBytes) / limit), 1), MAX_BATCH_BYTES);
    while (ledger.leased < limit) {
      const size = this.nextSize(bytes, takers.workers);
      if (size === undefined) return;
      const id = this.lastId + 1;
      const slices = ledger.lease(id, size, bytes, Date.now());
      if (!slices) return;
      this.lastId = id;
      this.slicer.events.dispatched(slices);
      void this.run(id, slices, takers);
    }
  }

  cancel(): void {
    if (this.scopes.size === 0) return;
    for (const scope of this.scopes.values()) scope.cancel();
    if (this.cancelledId === this.lastId) return;
    this.cancelledId = this.lastId;
    sinks.leases.cancelled(this.exId, this.lastId);
  }

  state(): LeasesState {
    return { lease: this.lastId, msPerSlice: this.msPerSlice };
  }

  /** Slices for the next one, 0 for those of a retry alone; undefined if there must be none now. */
  private nextSize(bytes: number, workers: number): number | undefined {
    const { ledger, slicer } = this;
    if (slicer.hooks) {
      if (this.room.bytes < MAX_BATCH_BYTES) {
        // What is out or waits to be told will make room. A lease adds to what there is to tell.
        if (ledger.leased > 0 || ledger.running.length > 0 || slicer.events.waiting > 0) return;
        if (ledger.begun > 0) return 0;
      }
    } else if (ledger.notedBytes > MAX_BATCH_BYTES && ledger.begun > 0) return 0;
    return this.sizing.size({
      msPerSlice: this.msPerSlice,
      queued: ledger.queued,
      most: Math.floor(Math.min(bytes / ledger.meanQueuedBytes, slicer.maxQueueLength / 2)),
      leased: ledger.leased,
      workers,
      endInSight: slicer.done,
    });
  }

  private async run(id: number, slices: SliceTuple[], { workers, logLevel }: Takers): Promise<void> {
    const scope = new wf.CancellationScope({ cancellable: true });
    this.scopes.set(id, scope);
    const tries = this.ledger.triesOf(slices);
    const budget = this.sizing.budget(workers);
    try {
      const result = await scope.run(() =>
        worker(this.exId, slices, budget).processSlices({
          exId: this.exId,
          lease: id,
          slices,
          budget,
          expected: Math.min(Math.round(this.msPerSlice * slices.length), budget),
          ...(tries.length > 0 ? { tries } : {}),
          ...(logLevel ? { logLevel } : {}),
        }),
      );
      const failures = this.ledger.failuresOf(id, result);
      if (failures.length > 0 && !(await this.failedSlices.record(failures))) return this.ledger.cut(id);
      this.msPerSlice = this.sizing.smoothedMsPerSlice(this.msPerSlice, result.done, result.ms);
      this.slicer.events.completed(slices.slice(0, result.done), result.failed);
      // What killed its host is behind those that an answer has by their index.
      this.slicer.events.failed(failures.slice(result.failed.length));
      this.ledger.settle(id, result);
      if (failures.length > 0) this.failedSlices.counted();
    } catch (error) {
      if (wf.isCancellation(error)) this.ledger.returned(id);
      else {
        const failures = this.ledger.lost(id, Date.now(), messageOf(error) ?? 'no node answered for it');
        if (failures.length > 0) {
          if (!(await this.failedSlices.record(failures))) return this.ledger.cut(id);
          this.slicer.events.failed(failures);
          this.ledger.settleLost(id);
          this.failedSlices.counted();
        }
      }
    } finally {
      this.scopes.delete(id);
      this.ended();
    }
  }
}

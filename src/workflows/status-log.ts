import * as wf from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Counters, ExecutionStatus } from '../store/types.js';
import { master } from './calls.js';
import type { ExecutionInput } from './types.js';

const statusKey = defineSearchAttributeKey('TemposliceStatus', 'KEYWORD');

/** The part of a {@link StatusLog} that continue-as-new carries. */
export interface StatusState {
  status: ExecutionStatus;
  statusSeq: number;
  countersSeq: number;
}

/**
 * The status of a run, and its way into the store.
 *
 *     scheduling → (moves) → … → final
 *
 * Moves are written one after the other, each with a sequence number, and each is asked for until the store has
 * it; the run goes on meanwhile. The final status is not written here: it goes with the report.
 */
export class StatusLog {
  status: ExecutionStatus;
  private statusSeq: number;
  private countersSeq: number;
  private writes: Promise<void> = Promise.resolve();
  private pending = 0;

  constructor(
    private readonly input: ExecutionInput,
    private readonly counters: () => Counters,
    private readonly written: () => void,
    state: StatusState = { status: 'scheduling', statusSeq: 0, countersSeq: 0 },
  ) {
    this.status = state.status;
    this.statusSeq = state.statusSeq;
    this.countersSeq = state.countersSeq;
  }

  /** A write is on its way. */
  get busy(): boolean {
    return this.pending > 0;
  }

  /** The claim was written by its activity, with number 1. */
  claimed(): void {
    this.statusSeq = 1;
  }

  /** Notes a status and writes it to the store. */
  move(status: ExecutionStatus, failureReason?: string): void {
    if (this.status === status) return;
    this.show(status);
    const write = {
      exId: this.input.exId,
      seq: ++this.statusSeq,
      status,
      ...(failureReason === undefined ? {} : { failureReason }),
      counters: this.counters(),
      countersSeq: this.nextCounters(),
    };
    this.pending++;
    this.writes = this.writes.then(async () => {
      await master.setStatus(write);
      this.pending--;
      this.written();
    });
  }

  /** Waits for all writes; gives the number for the write of the final status, which is for the caller to make. */
  async close(status: ExecutionStatus): Promise<number> {
    await this.writes;
    this.show(status);
    return ++this.statusSeq;
  }

  /** The number for the next counters. */
  nextCounters(): number {
    return ++this.countersSeq;
  }

  state(): StatusState {
    const { status, statusSeq, countersSeq } = this;
    return { status, statusSeq, countersSeq };
  }

  private show(status: ExecutionStatus): void {
    this.status = status;
    if (!this.input.searchAttributes) return;
    wf.upsertSearchAttributes([{ key: statusKey, value: status }]);
  }
}

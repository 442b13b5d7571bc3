import { master } from './calls.js';
import type { Ledger } from './ledger.js';
import type { Tuning } from './tuning.js';
import type { SlicerState } from './types.js';

/** The part of {@link ParkedSlices} that continue-as-new carries. */
export interface ParkedState {
  recoveredPosition: number | null;
  recoveredRead?: number;
  recoveredEnd?: number;
}

/**
 * Slices of this execution that lie in the store until there is room for them.
 *
 *     (recovery, replay) → left → read … → none left        (an answer of the slicer) → pages → read … → none
 *
 * Recovered slices have positions: those of an earlier execution from 0 on, and behind them failed slices of
 * this one that are taken up again. They are read in order, one read at a time, ahead of the slicer's pages.
 */
export class ParkedSlices {
  /** Next recovered slice to read; null if there are none left that are known. */
  position: number | null;
  /** End (exclusive) of the positions of failed slices taken up again; 0: none were. */
  end: number;
  /** A read is on its way. */
  reading = false;
  /** End (exclusive) of the positions read. */
  read: number;

  constructor(
    private readonly exId: string,
    private readonly ledger: Ledger,
    private readonly slicer: SlicerState,
    private readonly wake: () => void,
    private readonly tuning: Tuning,
    state: ParkedState = { recoveredPosition: null },
  ) {
    this.position = state.recoveredPosition;
    this.read = state.recoveredRead ?? 0;
    this.end = state.recoveredEnd ?? 0;
  }

  /**
   * Failed slices were put at positions up to `to`, behind those that were there: `base` of them when the
   * execution began. Answers how many it had not heard of, which may be more than the last call put there: one that
   * was given up may have come to its end late.
   */
  extend(to: number, base: number): number {
    const before = Math.max(this.end, base);
    this.end = Math.max(this.end, to);
    if (this.position === null && this.read < this.end) this.position = this.read;
    return Math.max(to - before, 0);
  }

  /** Reads on if there is anything to read; `bytes` bounds what may be queued ahead of it. */
  takeUp(bytes: number): void {
    const page = this.slicer.pages[0];
    if (this.reading || (this.position === null && page === undefined)) return;
    if (this.ledger.queued > this.tuning.readSlices / 2 || this.ledger.queuedBytes > bytes) return;
    this.reading = true;
    void (async () => {
      if (this.position !== null) await this.readRecovered(this.position);
      else if (page !== undefined) {
        const slices = await master.readPage({ exId: this.exId, page });
        this.slicer.pages.shift();
        this.ledger.issue(slices);
      }
      this.reading = false;
      this.wake();
    })();
  }

  state(): ParkedState {
    return { recoveredPosition: this.position, recoveredRead: this.read, recoveredEnd: this.end };
  }

  private async readRecovered(position: number): Promise<void> {
    const { exId, end } = this;
    const { readSlices: limit, readBytes: bytes } = this.tuning;
    const page = await master.recoveredSlices({ exId, position, limit, bytes, end });
    if (page.packing !== undefined) this.ledger.packs(page.packing);
    this.ledger.issueRecovered(page.slices);
    this.read = position + page.slices.length;
    this.position = page.next ?? (this.read < this.end ? this.read : null);
  }
}

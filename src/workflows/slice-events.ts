import type { FailedOutcome, FailedSliceInput, SliceEvent, SlicerState, SliceTuple } from './types.js';
import { MAX_BATCH_BYTES, bytesOfEvent } from './state-size.js';

/** Stands for the error of a slice while too much waits to be told already. */
const SHORT_ERROR = 'failed';

/**
 * What becomes of slices, on its way to the slicer's host, where the reader or an API may listen.
 *
 *     dispatched, completed → waiting → (a call of the slicer brings it, again and again) → confirmed
 *                                └────→ (nobody can be told any more) → forgotten
 *
 * Where nobody listens nothing is noted.
 */
export class SliceEvents {
  /** Bytes of those that wait. */
  bytes = 0;
  private muted = false;

  /** @param state of the slicer: what waits is in it, and carried with it */
  constructor(private readonly state: SlicerState) {
    for (const event of state.events) this.bytes += bytesOfEvent(event);
  }

  get waiting(): number {
    return this.state.events.length;
  }

  /** Sequence number of the first that waits. */
  get from(): number {
    return this.state.eventSeq - this.waiting + 1;
  }

  dispatched(slices: SliceTuple[]): void {
    for (const slice of slices) this.note(['dispatch', slice]);
  }

  /** Slices came to their ends, those in `failed`, which has their indices, with an error. */
  completed(slices: SliceTuple[], failed: Array<Pick<FailedOutcome, 'i' | 'error'>> = []): void {
    const errors = new Map(failed.map(({ i, error }) => [i, error]));
    slices.forEach((slice, i) => this.note(['complete', slice, errors.get(i)]));
  }

  failed(failures: FailedSliceInput[]): void {
    for (const { slice, error } of failures) this.note(['complete', slice, error]);
  }

  /** As many as go with one call, `most` of them. */
  first(most: number): SliceEvent[] {
    const { events } = this.state;
    let bytes = 0;
    let count = 0;
    for (const event of events) {
      bytes += bytesOfEvent(event);
      if (count > 0 && (count >= most || bytes > MAX_BATCH_BYTES)) break;
      count++;
    }
    return events.slice(0, count);
  }

  /** Those up to this sequence number were told. */
  confirm(confirmed: number): void {
    const { state } = this;
    if (confirmed <= state.confirmed) return;
    const told = state.events.splice(0, state.events.length - (state.eventSeq - confirmed));
    for (const event of told) this.bytes -= bytesOfEvent(event);
    state.confirmed = confirmed;
  }

  /** What waits cannot be told. */
  forget(): void {
    this.state.events = [];
    this.bytes = 0;
  }

  /** Nothing can be told any more. */
  mute(): void {
    this.forget();
    this.muted = true;
  }

  private note([type, slice, error]: SliceEvent): void {
    if (!this.state.hooks || this.muted) return;
    const told = error !== undefined && this.bytes > MAX_BATCH_BYTES ? SHORT_ERROR : error;
    const event: SliceEvent = told === undefined ? [type, slice] : [type, slice, told];
    this.bytes += bytesOfEvent(event);
    this.state.events.push(event);
    this.state.eventSeq++;
  }
}

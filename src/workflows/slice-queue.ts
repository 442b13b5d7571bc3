import { bytesOf } from './state-size.js';
import type { SliceTuple } from './types.js';

/** Entries at the front that were taken, above which the rest is moved up. */
const MAX_TAKEN = 4_096;

/** Slices in line, first come, first served; what was taken may come back to the front. */
export class SliceQueue {
  /** Bytes of all of them. */
  bytes = 0;
  private slices: SliceTuple[] = [];
  /** Index of the first: shifting an array of thousands for every lease would cost more. */
  private head = 0;

  get length(): number {
    return this.slices.length - this.head;
  }

  push(slices: SliceTuple[]): void {
    for (const slice of slices) {
      this.slices.push(slice);
      this.bytes += bytesOf(slice);
    }
  }

  unshift(slices: SliceTuple[]): void {
    if (slices.length === 0) return;
    for (const slice of slices) this.bytes += bytesOf(slice);
    if (slices.length <= this.head) {
      this.head -= slices.length;
      slices.forEach((slice, index) => (this.slices[this.head + index] = slice));
      return;
    }
    this.slices = [...slices, ...this.slices.slice(this.head)];
    this.head = 0;
  }

  /** Takes the first ones, at most `count`, and at most `bytes` of them unless the first alone has more. */
  take(count: number, bytes: number): SliceTuple[] {
    let end = this.head;
    let size = 0;
    while (end < this.slices.length && end - this.head < count) {
      size += bytesOf(this.slices[end] as SliceTuple);
      if (size > bytes && end > this.head) break;
      end++;
    }
    const taken = this.slices.slice(this.head, end);
    this.head = end;
    for (const slice of taken) this.bytes -= bytesOf(slice);
    if (this.head > MAX_TAKEN && this.head * 2 > this.slices.length) {
      this.slices = this.slices.slice(this.head);
      this.head = 0;
    }
    return taken;
  }

  toArray(): SliceTuple[] {
    return this.slices.slice(this.head);
  }
}

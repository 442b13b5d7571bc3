import { bytesOf } from './state-size.js';
import type { SliceTuple } from './types.js';

/** The last slice that each slicer made: where it would be built anew from. */
export class LastSlices {
  /** Bytes of all of them. */
  bytes = 0;
  private readonly bySlicer = new Map<number, [number, number, string]>();

  /** Notes slices that slicers made, in any order. */
  made(slices: SliceTuple[]): void {
    const newest = new Map<number, SliceTuple>();
    for (const slice of slices) {
      const known = newest.get(slice[0]) ?? this.bySlicer.get(slice[0]);
      if (!known || slice[1] >= known[1]) newest.set(slice[0], slice);
    }
    this.startFrom([...newest.values()].map(([slicer, order, request]) => [slicer, order, request]));
  }

  /** These are the last ones of their slicers, whatever was known of them. */
  startFrom(last: Array<[number, number, string]>): void {
    for (const entry of last) {
      const before = this.bySlicer.get(entry[0]);
      this.bytes += bytesOf(entry) - (before ? bytesOf(before) : 0);
      this.bySlicer.set(entry[0], entry);
    }
  }

  /** By slicer. */
  toArray(): Array<[number, number, string]> {
    return [...this.bySlicer.values()].sort((a, b) => a[0] - b[0]);
  }
}

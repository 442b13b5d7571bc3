import type { SliceTuple } from '../store/types.js';
import { bytesOf } from '../workflows/state-size.js';
import { compress } from './payload-codec.js';

/**
 * Bytes of a sample: fewer slices shrink badly, although many of the same kind will not, and a larger one would hide
 * those that do not shrink among those that do.
 */
const SAMPLE_BYTES = 16 * 1024;
/** What is added to a measured share: slices are compressed in other batches than they were measured in. */
const MARGIN = 1.25;

/**
 * How far the slices of one slicer shrink when they are compressed, measured on one sample after the other. So the
 * ledger can hold more of those that resemble each other; what was not sampled yet is small.
 */
export class PackingMeter {
  private sample: SliceTuple[] = [];
  private bytes = 0;

  /** The largest share of its bytes that is left of a sample that these slices made complete; undefined: none was. */
  add(slices: SliceTuple[]): number | undefined {
    let largest: number | undefined;
    for (const slice of slices) {
      this.sample.push(slice);
      this.bytes += bytesOf(slice);
      if (this.bytes >= SAMPLE_BYTES) largest = Math.max(largest ?? 0, this.measure());
    }
    return largest;
  }

  private measure(): number {
    const packed = compress(Buffer.from(JSON.stringify(this.sample))).length;
    const share = Math.min((packed * MARGIN) / this.bytes, 1);
    this.sample = [];
    this.bytes = 0;
    return share;
  }
}

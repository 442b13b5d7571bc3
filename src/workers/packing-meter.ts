import type { SliceTuple } from '../store/types.js';
import { bytesOf } from '../workflows/state-size.js';
import { compress } from './payload-codec.js';

/**
 * Bytes of slices from which on it is told how far they shrink: few slices shrink badly, although many of the same kind
 * will not.
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

  /** The share of their bytes that is left, of a sample that these slices made complete; else undefined. */
  add(slices: SliceTuple[]): number | undefined {
    for (const slice of slices) this.bytes += bytesOf(slice);
    this.sample.push(...slices);
    if (this.bytes < SAMPLE_BYTES) return undefined;
    const packed = compress(Buffer.from(JSON.stringify(this.sample))).length;
    const share = Math.min((packed * MARGIN) / this.bytes, 1);
    this.sample = [];
    this.bytes = 0;
    return share;
  }
}

import type { SliceEvent, SliceTuple } from './types.js';

/**
 * Bytes of what a run holds, as JSON: what is owed, the last slice of each slicer, and events that
 * wait. Continue-as-new carries all of it, a report and a query most of it, and Temporal takes 2 MiB for each, after
 * compression. Of slices it is known how far they shrink (`src/workers/packing-meter.ts`); the rest counts as it is.
 */

/** The least that slices are believed to shrink to: what is held is bounded before compression, too. */
export const LEAST_PACKING = 0.25;
/** Most bytes that a run may hold, slices as packed; what else is carried stays far below the rest of 1.5 MiB. */
export const MAX_STATE_BYTES = 1_472 * 1024;
/** Most bytes of slices that are taken up at once: an answer of the slicer, a page, one read, or a lease. */
export const MAX_BATCH_BYTES = 256 * 1024;
/** Most bytes of the last slices of all slicers together. */
export const MAX_LAST_BYTES = 512 * 1024;

/** Numbers, brackets and commas. */
const TUPLE_BYTES = 20;
const EVENT_BYTES = 16;

/** Bytes of a string in JSON, as UTF-8; no less than it has. */
export function jsonBytes(text: string): number {
  let bytes = 2;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22 || code === 0x5c) bytes += 2;
    else if (code < 0x20) bytes += 6;
    else if (code < 0x80) bytes += 1;
    else bytes += code < 0x800 ? 2 : 3;
  }
  return bytes;
}

/** Bytes of a slice wherever it is held. */
export const bytesOf = (slice: SliceTuple): number =>
  TUPLE_BYTES + jsonBytes(slice[2]) + (slice[3] === undefined ? 0 : jsonBytes(slice[3]));

export const bytesOfEvent = ([, slice, error]: SliceEvent): number =>
  EVENT_BYTES + bytesOf(slice) + (error === undefined ? 0 : jsonBytes(error));

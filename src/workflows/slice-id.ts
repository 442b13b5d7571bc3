import { parse, v5 as uuidv5 } from 'uuid';
import type { SliceTuple } from '../store/types.js';

/** The latest execution's id as bytes: parsing it for each slice is a third of the cost of a slice's id. */
let latest: { exId: string; bytes: Uint8Array } | undefined;

function bytesOf(exId: string): Uint8Array {
  if (latest?.exId !== exId) latest = { exId, bytes: parse(exId) };
  return latest.bytes;
}

/**
 * The id of a slice: the one its tuple carries, else derived from execution, slicer and order, so that
 * no history has to hold it.
 */
export const sliceId = (exId: string, slice: SliceTuple): string =>
  slice[3] ?? uuidv5(`${slice[0]}:${slice[1]}`, bytesOf(exId));

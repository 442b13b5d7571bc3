import { parse, v5 as uuidv5 } from 'uuid';
import type { SliceTuple } from '../store/types.js';

/** The execution whose slices were named last, as a namespace: parsing it takes a third of the time. */
let namespace: { exId: string; bytes: Uint8Array } = { exId: '', bytes: new Uint8Array() };

/**
 * The id of a slice: the one its tuple carries, else derived from execution, slicer and order, so that
 * no history has to hold it.
 *
 * @throws TypeError if it has to be derived and `exId` is no UUID
 */
export function sliceId(exId: string, slice: SliceTuple): string {
  if (slice[3] !== undefined) return slice[3];
  if (namespace.exId !== exId) namespace = { exId, bytes: parse(exId) };
  return uuidv5(`${slice[0]}:${slice[1]}`, namespace.bytes);
}

import { v5 as uuidv5 } from 'uuid';
import type { SliceTuple } from '../store/types.js';

/**
 * The id of a slice: the one its tuple carries, else derived from execution, slicer and order, so that
 * no history has to hold it.
 */
export const sliceId = (exId: string, slice: SliceTuple): string =>
  slice[3] ?? uuidv5(`${slice[0]}:${slice[1]}`, exId);

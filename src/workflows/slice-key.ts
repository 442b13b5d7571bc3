import type { SliceTuple } from '../store/types.js';

/**
 * Tells the slices of an execution apart. An id alone will not do: a reader may give one twice. Two tuples of one slice,
 * one with its derived id and one without, have different keys.
 */
export const keyOf = ([slicer, order, , id]: SliceTuple): string =>
  id === undefined ? `${slicer}:${order}` : `${slicer}:${order}/${id}`;

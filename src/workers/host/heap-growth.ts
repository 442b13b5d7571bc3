import { setFlagsFromString } from 'node:v8';

/**
 * How much memory V8 may take in a host before it collects garbage. All records of a slice are alive at once. Where
 * they do not fit into the young generation they are copied twice and become garbage of the old one; and with a
 * limit of 1 GB (`--host-memory`) V8 collects that again and again: slices of 2 MB of JSON took a third more of a
 * processor. A worker whose slices are small would only fill what it is given with garbage, to no use. So a host is
 * forked with a high limit (`HOST_EXEC_ARGV`) and held small, until a slice is seen that needs more.
 *
 * V8 reads these flags each time it is about to grow the young generation, and after each collection of the old one.
 */

/** Records of a slice from which on more is worth its memory. */
const MANY_RECORDS = 1_000;

let grown = false;

/**
 * Keeps the young generation as it is, until {@link growHeapFor}. To be said again and again (6 µs each): once a thread was
 * started in the process, by an operation for instance, V8 lets it double again.
 */
export function holdHeap(): void {
  if (!grown) setFlagsFromString('--semi-space-growth-factor=1');
}

/** Lets the young generation grow, and the old one to twice of what is alive, if a slice has many records. */
export function growHeapFor(records: number): void {
  if (grown || records < MANY_RECORDS) return;
  grown = true;
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--heap-growing-percent=100');
}

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

let held = false;

/** Keeps the young generation as it is. */
export function holdHeap(): void {
  held = true;
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Lets the young generation grow, and the old one to twice of what is alive, if a slice has many records. */
export function growHeapFor(records: number): void {
  if (!held || records < MANY_RECORDS) return;
  held = false;
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--heap-growing-percent=100');
}

import { setFlagsFromString } from 'node:v8';

/**
 * How large V8's young generation may become in a host. What a slice holds should fit in: all of its records are alive
 * at once, and what does not fit is copied twice and collected with the old generation. A worker whose slices
 * are small would fill a large one with garbage, to no use. So a host is forked with a high limit (see
 * `HOST_EXEC_ARGV`) and held at what it starts with, until a slice is seen that needs more.
 *
 * V8 reads this flag each time it is about to grow the young generation, and not for anything else.
 */
const setGrowthFactor = (factor: number): void => setFlagsFromString(`--semi-space-growth-factor=${factor}`);

/** Records of a slice from which on more is worth its memory. */
const MANY_RECORDS = 1_000;

let held = false;

/** Keeps the young generation from growing. */
export function holdYoungGeneration(): void {
  held = true;
  setGrowthFactor(1);
}

/** Lets it grow from now on, if a slice has many records. */
export function growForRecords(count: number): void {
  if (!held || count < MANY_RECORDS) return;
  held = false;
  setGrowthFactor(2);
}

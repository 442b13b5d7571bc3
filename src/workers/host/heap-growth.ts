import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SEMI_SPACE_MB } from '../../lean-process.js';

/**
 * How much memory V8 may take in a host before it collects garbage, and when. All records of a slice are alive at once. Where
 * they do not fit into the young generation they are copied twice and become garbage of the old one; and with a
 * limit of 1 GB (`--host-memory`) V8 collects that again and again: slices of 2 MB of JSON took a third more of a
 * processor. A worker whose slices are small would only fill what it is given with garbage, to no use. So a host is
 * forked with a high limit (`HOST_EXEC_ARGV`) and held small, until a slice is seen that needs more.
 *
 *     held → (a slice has many records) → grown
 *
 * V8 reads these flags each time it is about to grow the young generation, and after each collection of the old one.
 *
 * Once grown, the young generation is collected between slices, when next to nothing in it is alive: 0.6 ms where
 * V8, which cannot know, takes 4–6 in the middle of a slice, and leaves garbage to the old generation.
 */

/** Records of a slice from which on more is worth its memory. */
const MANY_RECORDS = 1_000;
/** What is worth collecting, bytes: a young generation as small as it was held. */
const WORTH_COLLECTING = SEMI_SPACE_MB * 2 ** 20;

type Collect = (options: { type: 'minor' }) => void;

/** Collects the young generation; there once it has grown. */
let collect: Collect | undefined;

/**
 * Keeps the young generation as it is, until {@link growHeapFor}. To be said again and again (6 µs each): once a thread was
 * started in the process, by an operation for instance, V8 lets it double again.
 */
export function holdHeap(): void {
  if (!collect) setFlagsFromString('--semi-space-growth-factor=1');
}

/** Lets the young generation grow, and the old one to twice of what is alive, if a slice has many records. */
export function growHeapFor(records: number): void {
  if (collect || records < MANY_RECORDS) return;
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--heap-growing-percent=100');
  collect = collector();
}

/** To be called between two slices, by a function that holds no records of either. Takes 1 µs where there is little to collect. */
export function collectAfterSlice(): void {
  if (collect && youngBytes() >= WORTH_COLLECTING) collect({ type: 'minor' });
}

function youngBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  return young?.space_used_size ?? 0;
}

/** V8's own `gc`, which it gives to contexts that are made while the flag is set: operations do not get it. */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return gc;
}

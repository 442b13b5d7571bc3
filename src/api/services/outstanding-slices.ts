import type { SliceTuple, Store } from '../../store/types.js';
import { keyOf } from '../../workflows/slice-key.js';
import type { EndedExecution, SliceState } from './ended-execution.js';

const PAGE_SLICES = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;

export interface OutstandingSlice {
  slice: Required<SliceTuple>;
  state: Exclude<SliceState, 'completed'>;
}

type LeftSlice = { slice: Required<SliceTuple>; state: SliceState };

/**
 * What executions left undone: failed slices first, then those that never came to an end. A slice that went
 * from one execution to the next is there once, as the last one left it.
 *
 * `line`: an execution, and those made later that may have recovered slices of it, oldest first.
 * With `own`: only what the first one left, whoever took it since. With `filter`: only its failed slices
 * that match.
 */
export async function* outstandingSlices(
  store: Store,
  line: EndedExecution[],
  { own, filter }: { own: boolean; filter?: string },
): AsyncGenerator<OutstandingSlice> {
  const takers = line.slice(1);
  for (const [at, execution] of (own ? line.slice(0, 1) : line).entries()) {
    for await (const page of leftBy(store, execution, filter)) {
      const takings = takers.length === 0 ? undefined : await latestTakings(store, page, takers);
      for (const [index, left] of page.entries()) {
        const taking = takings?.get(index);
        const moved = taking !== undefined && line.indexOf(taking.by) > at;
        // What a later execution of the line took over is told of when its turn comes.
        if (moved && !own) continue;
        const state = moved ? taking.state : left.state;
        if (state !== 'completed') yield { slice: left.slice, state };
      }
    }
  }
}

/** By index: which of `takers` was the last to take over a slice, and what became of it there. */
async function latestTakings(
  store: Store,
  page: LeftSlice[],
  takers: EndedExecution[],
): Promise<Map<number, { by: EndedExecution; state: SliceState }>> {
  const keys = page.map(({ slice: [slicer_id, slicer_order, , slice_id] }) => ({
    slicer_id,
    slicer_order,
    slice_id,
  }));
  const byId = new Map(takers.map((taker) => [taker.exId, taker]));
  const taken = await store.failures.lastTakers(keys, [...byId.keys()]);
  return new Map(
    [...taken].map(([index, slice]) => {
      const by = byId.get(slice.ex_id)!;
      return [index, { by, state: by.stateOf(page[index]!.slice, slice) }];
    }),
  );
}

/** What an execution itself says that it left, page by page: there may be very many. */
async function* leftBy(
  store: Store,
  execution: EndedExecution,
  filter: string | undefined,
): AsyncGenerator<LeftSlice[]> {
  const { exId, ledger, known } = execution;
  const owed = new Map(execution.owed);
  for await (const page of store.failures.pages(exId, PAGE_SLICES, {
    known,
    ...(filter !== undefined && { filter }),
  })) {
    yield page.map(({ slicer_id, slicer_order, request, slice_id }) => {
      const slice: Required<SliceTuple> = [slicer_id, slicer_order, request, slice_id];
      // A run that was cut off may still owe a slice that it had just recorded as failed.
      owed.delete(keyOf(slice));
      return { slice, state: 'failed' };
    });
  }
  if (filter !== undefined) return;

  yield [...owed.values()];
  // Issued, and not taken up yet.
  for (const pageId of ledger.pages) {
    const slices = await store.pages.readPage(exId, pageId);
    yield slices.map((slice) => ({ slice: execution.named(slice), state: 'pending' }));
  }
  const { from, to } = execution.unreadPositions;
  for (let position = from; position < to;) {
    const limit = Math.min(PAGE_SLICES, to - position);
    const slices = await store.pages.recovered(exId, position, limit, PAGE_BYTES);
    if (slices.length === 0) throw new Error(`recovered slices of ${exId} are missing from ${position} on`);
    yield slices.map((slice) => ({ slice: execution.named(slice), state: 'pending' }));
    position += slices.length;
  }
}

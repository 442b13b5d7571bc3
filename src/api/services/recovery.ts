import { CodedError } from '../../errors.js';
import type { ExecutionRow, LedgerSnapshot, RecoveryStart, SliceTuple, Store } from '../../store/types.js';
import { sliceId } from '../../workflows/slice-id.js';
import type { ApiDependencies } from '../dependencies.js';

export const CLEANUP_TYPES = ['all', 'errors', 'pending'] as const;
export type CleanupType = (typeof CLEANUP_TYPES)[number];

export interface RecoveryPlan {
  start: RecoveryStart;
  slices: AsyncIterable<SliceTuple>;
}

type Sources = Pick<ApiDependencies, 'store' | 'engine'>;

const PAGE_SLICES = 5_000;
const PAGE_BYTES = 4 * 1024 * 1024;

/**
 * What a new execution has to do of an old one that ended: the slices to replay (failed ones first, then
 * those that never came to an end) and where its slicers go on. No type replays all of them.
 * @throws CodedError EX_NOT_RECOVERABLE, TEMPORAL_UNAVAILABLE
 */
export async function planRecovery(
  sources: Sources,
  old: ExecutionRow,
  type: CleanupType | undefined,
  replayOnly: boolean,
): Promise<RecoveryPlan> {
  const ledger = await ledgerOf(sources, old, type === 'errors' && replayOnly);
  const { slicerDone, recoverable } = ledger;
  const last = await lastIssued(sources.store, old.doc.ex_id, ledger);
  // A slicer that has issued nothing yet starts from the beginning, which every slicer can.
  if (!replayOnly && !slicerDone && recoverable === false && last.length > 0) {
    throw new CodedError('EX_NOT_RECOVERABLE', {
      ex_id: old.doc.ex_id,
      reason: 'Slicer is not recoverable',
    });
  }
  return {
    start: { last, slicerDone, replayOnly },
    slices: slicesToReplay(sources.store, old.doc.ex_id, ledger, type),
  };
}

/** Page by page: there may be very many. */
async function* slicesToReplay(
  store: Store,
  exId: string,
  ledger: LedgerSnapshot,
  type: CleanupType | undefined,
): AsyncIterable<SliceTuple> {
  // Derived ids hang on the old execution, so from here on they are explicit.
  const named = (slice: SliceTuple): SliceTuple => [slice[0], slice[1], slice[2], sliceId(exId, slice)];
  const owed = new Map(ledger.pending.map((slice) => [sliceId(exId, slice), slice]));

  if (type !== 'pending') {
    for await (const page of store.failures.pages(exId, PAGE_SLICES)) {
      for (const { slicer_id, slicer_order, request, slice_id } of page) {
        // A run that was cut off may still owe a slice that it had just recorded as failed.
        owed.delete(slice_id);
        yield [slicer_id, slicer_order, request, slice_id];
      }
    }
  }
  if (type === 'errors') return;
  for (const slice of owed.values()) yield named(slice);
  for await (const slice of slicesInPages(store, exId, ledger)) yield named(slice);
  // What the old execution was itself to recover and never got to.
  for (let position = ledger.recoveredPosition; position !== null;) {
    const { slices, next } = await store.pages.recovered(exId, position, PAGE_SLICES, PAGE_BYTES);
    for (const slice of slices) yield named(slice);
    position = next;
  }
}

/** Slices that count as issued and that the old workflow had not taken up yet. */
async function* slicesInPages(store: Store, exId: string, ledger: LedgerSnapshot): AsyncIterable<SliceTuple> {
  for (const page of ledger.pages) yield* (await store.pages.readPage(exId, page)) ?? [];
}

/** Where each slicer was, pages that nobody took up yet included. */
async function lastIssued(
  store: Store,
  exId: string,
  ledger: LedgerSnapshot,
): Promise<LedgerSnapshot['last']> {
  const last = new Map(ledger.last.map((entry) => [entry[0], entry]));
  for await (const [slicer, order, request] of slicesInPages(store, exId, ledger)) {
    if (order > (last.get(slicer)?.[1] ?? 0)) last.set(slicer, [slicer, order, request]);
  }
  return [...last.values()].sort((a, b) => a[0] - b[0]);
}

/**
 * The ledger as the workflow knows it, else as it reported it, else that of a run that never began. What
 * was in flight is only known by the ledger, so it is not made up unless it is `dispensable`.
 */
async function ledgerOf(
  { engine }: Sources,
  old: ExecutionRow,
  dispensable: boolean,
): Promise<LedgerSnapshot> {
  const { report } = old;
  const asked = engine.ledger(old.doc.ex_id).catch((error: unknown) => {
    // The report says the same, and an answer may never come: of a history that cannot be replayed, say.
    if (report === null) throw error;
    return undefined;
  });
  const ledger = (await asked) ?? report;
  if (ledger !== null) return ledger;
  if ((old.counters?.issued ?? 0) > 0 && !dispensable) {
    throw new CodedError('EX_NOT_RECOVERABLE', {
      ex_id: old.doc.ex_id,
      reason: 'neither Temporal nor the store knows its ledger; only cleanup_type=errors is possible',
    });
  }
  return {
    issued: 0,
    completed: 0,
    failed: 0,
    recovered: 0,
    pending: [],
    last: old.recovery?.last ?? [],
    slicerDone: old.recovery?.slicerDone ?? false,
    pages: [],
    recoveredPosition: old.recovery === null ? null : 0,
    recoveredEnd: 0,
    recoverable: null,
  };
}

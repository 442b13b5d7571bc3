import { CodedError } from '../../errors.js';
import type { ExecutionRow, Recovered, SliceTuple } from '../../store/types.js';
import type { ApiDependencies } from '../dependencies.js';
import { readEnded, type SliceState } from './ended-execution.js';
import { outstandingSlices, type OutstandingSlice } from './outstanding-slices.js';

export const CLEANUP_TYPES = ['all', 'errors', 'pending'] as const;
export type CleanupType = (typeof CLEANUP_TYPES)[number];

/** What is wanted of a recovery. */
export interface RecoveryRequest {
  /** None: whatever was not completed. */
  type: CleanupType | undefined;
  /** End after the replay instead of going on with the slicer. */
  replayOnly: boolean;
  /** Of the failed slices only those that match. */
  filter?: string;
}

type Sources = Pick<ApiDependencies, 'store' | 'engine'>;

/**
 * What a new execution has to do of an old one that ended: the slices to replay and where its slicers go on.
 *
 * Slices that earlier recoveries of it completed are not replayed again. Going on means going on where the
 * last of those recoveries was, with what they left undone of their own.
 * @throws CodedError EX_NOT_RECOVERABLE, TEMPORAL_UNAVAILABLE
 */
export async function planRecovery(
  sources: Sources,
  old: ExecutionRow,
  { type, replayOnly, filter }: RecoveryRequest,
): Promise<Omit<Recovered, 'latest'>> {
  const { store } = sources;
  const line = [await readEnded(sources, old, type === 'errors' && replayOnly)];
  for (const row of await store.executions.recoveredSince(old.doc.ex_id)) {
    line.push(await readEnded(sources, row, replayOnly));
  }
  // The one that took the slicer over last.
  const holder = line.findLast((execution, at) => at === 0 || !execution.replayOnly)!;
  const { slicerDone, recoverable, last } = holder.ledger;
  // A slicer that has issued nothing yet starts from the beginning, which every slicer can.
  if (!replayOnly && !slicerDone && recoverable === false && last.length > 0) {
    throw new CodedError('EX_NOT_RECOVERABLE', {
      ex_id: old.doc.ex_id,
      reason: 'Slicer is not recoverable',
    });
  }
  const outstanding = outstandingSlices(store, line, {
    own: replayOnly,
    ...(filter !== undefined && { filter }),
  });
  return {
    // As in Teraslice, a slicer goes on behind its end where it can: there may be more by now.
    start: { last, slicerDone: slicerDone && (replayOnly || recoverable !== true), replayOnly },
    slices: chosen(outstanding, statesOf(type, replayOnly)),
    sources: line.map(({ exId }) => exId),
  };
}

/**
 * `pending` are slices that were certainly never begun. An automatic recovery, which goes on, takes those of
 * unknown outcome as well: they would be lost without a word.
 */
function statesOf(type: CleanupType | undefined, replayOnly: boolean): SliceState[] {
  if (type === 'errors') return ['failed'];
  if (type !== 'pending') return ['failed', 'started', 'pending'];
  return replayOnly ? ['pending'] : ['started', 'pending'];
}

async function* chosen(
  slices: AsyncIterable<OutstandingSlice>,
  states: SliceState[],
): AsyncGenerator<SliceTuple> {
  for await (const { slice, state } of slices) if (states.includes(state)) yield slice;
}

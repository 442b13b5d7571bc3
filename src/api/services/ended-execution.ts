import { CodedError } from '../../errors.js';
import type { ExecutionRow, LedgerSnapshot, SliceTuple, TakenSlice } from '../../store/types.js';
import { sliceId } from '../../workflows/slice-id.js';
import { keyOf } from '../../workflows/slice-key.js';
import type { ApiDependencies } from '../dependencies.js';

/** `started`: it may have been begun, and nobody knows how far it came. */
export type SliceState = 'failed' | 'pending' | 'started' | 'completed';

/** An execution that ended, and what it says of its slices. */
export class EndedExecution {
  readonly exId: string;
  /** Ends after its replay: its slicer was never asked. */
  readonly replayOnly: boolean;
  /** End of the positions of recovered slices that the workflow knew of. */
  readonly known: number;
  /** Slices that it still owes, beside those that lie in the store, by their key. */
  readonly owed = new Map<string, { slice: Required<SliceTuple>; state: SliceState }>();
  /** Recovered slices from here to `known` were never taken out of the store. */
  private readonly unread: number;

  constructor(
    row: ExecutionRow,
    readonly ledger: LedgerSnapshot,
  ) {
    this.exId = row.doc.ex_id;
    this.replayOnly = row.recovery?.replayOnly ?? false;
    this.known = Math.max(ledger.recoveredEnd ?? 0, row.recovered_at_insert);
    this.unread = ledger.recoveredPosition ?? this.known;
    ledger.pending.forEach((pending, index) => {
      const slice = this.named(pending);
      const state = index < (ledger.started ?? 0) ? 'started' : 'pending';
      this.owed.set(keyOf(slice), { slice, state });
    });
  }

  /** With its lasting id: a derived one hangs on the execution that issued it. */
  named(slice: SliceTuple): Required<SliceTuple> {
    return [slice[0], slice[1], slice[2], sliceId(this.exId, slice)];
  }

  /** Positions of the recovered slices that it never took out of the store. */
  get unreadPositions(): { from: number; to: number } {
    return { from: this.unread, to: this.known };
  }

  /** What became here of a slice that it took over. */
  stateOf(
    slice: Required<SliceTuple>,
    { position, failed, replay_position: replayed }: TakenSlice,
  ): SliceState {
    // Put aside for a replay that the workflow never heard of, it is failed as before.
    if (failed && (replayed === null || replayed >= this.known)) return 'failed';
    if (Math.max(position, replayed ?? 0) >= this.unread) return 'pending';
    return this.owed.get(keyOf(slice))?.state ?? 'completed';
  }
}

/**
 * The ledger as the workflow reported it, else as it knows it, else that of a run that never began. What
 * was in flight is only known by the ledger, so it is not made up unless it is `dispensable`.
 * @throws CodedError EX_NOT_RECOVERABLE, TEMPORAL_UNAVAILABLE
 */
export async function readEnded(
  { engine }: Pick<ApiDependencies, 'engine'>,
  row: ExecutionRow,
  dispensable: boolean,
): Promise<EndedExecution> {
  return new EndedExecution(row, await ledgerOf(engine, row, dispensable));
}

async function ledgerOf(
  engine: ApiDependencies['engine'],
  row: ExecutionRow,
  dispensable: boolean,
): Promise<LedgerSnapshot> {
  const { report } = row;
  // The last word of the workflow, which need not be replayed to say it again.
  if (row.closed && report !== null) return report;
  const asked = engine.ledger(row.doc.ex_id).catch((error: unknown) => {
    // An answer may never come: of a history that cannot be replayed, say.
    if (report === null) throw error;
    return undefined;
  });
  const ledger = (await asked) ?? report;
  if (ledger !== null) return ledger;
  if ((row.counters?.issued ?? 0) > 0 && !dispensable) {
    throw new CodedError('EX_NOT_RECOVERABLE', {
      ex_id: row.doc.ex_id,
      reason: 'neither Temporal nor the store knows its ledger; only cleanup_type=errors is possible',
    });
  }
  return {
    issued: 0,
    completed: 0,
    failed: 0,
    recovered: 0,
    pending: [],
    last: row.recovery?.last ?? [],
    slicerDone: row.recovery?.slicerDone ?? false,
    pages: [],
    recoveredPosition: row.recovery === null ? null : 0,
    recoveredEnd: 0,
    recoverable: null,
  };
}

import { CodedError } from '../../errors.js';
import type { ExecutionRow, SlicerStats, Store, WorkerNumbers } from '../../store/types.js';
import { RUNNING_STATUSES } from '../../store/types.js';

const NO_STATS: SlicerStats = {
  workers_available: 0,
  workers_active: 0,
  workers_joined: 0,
  workers_reconnected: 0,
  workers_disconnected: 0,
  job_duration: 0,
  failed: 0,
  subslices: 0,
  queued: 0,
  slice_range_expansion: 0,
  processed: 0,
  slicers: 0,
  subslice_by_key: 0,
};

/** Live numbers of an execution: what Teraslice's clients read, and the ledger beside it. */
export interface ControllerStats extends SlicerStats {
  ex_id: string;
  job_id: string;
  name: string;
  issued: number;
  completed: number;
  pending: number;
  /** Records out of each operation; the reader's first. */
  records: number[];
  /** Milliseconds spent in each operation. */
  times: number[];
}

const isRunning = (row: ExecutionRow): boolean =>
  (RUNNING_STATUSES as readonly string[]).includes(row.doc._status);

/** @throws CodedError NO_ACTIVE_SLICER if the execution ended or is not placed yet */
export async function controllerOf(store: Store, row: ExecutionRow): Promise<ControllerStats> {
  const { ex_id, _status } = row.doc;
  if (!isRunning(row) && _status !== 'initializing') throw new CodedError('NO_ACTIVE_SLICER', { ex_id });
  return statistics(row, (await store.placement.workerNumbers([ex_id])).get(ex_id));
}

/** Of all executions that run, ordered by name and start, descending. Two reads, however many there are. */
export async function controllers(store: Store): Promise<ControllerStats[]> {
  const rows = (await store.executions.active()).filter(isRunning);
  const numbers = await store.placement.workerNumbers(rows.map(({ doc }) => doc.ex_id));
  return rows
    .map((row) => statistics(row, numbers.get(row.doc.ex_id)))
    .sort((a, b) => compare(b.name, a.name) || compare(b.started ?? '', a.started ?? ''));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function statistics({ doc, counters }: ExecutionRow, workers: WorkerNumbers | undefined): ControllerStats {
  return {
    ex_id: doc.ex_id,
    job_id: doc.job_id,
    name: doc.name,
    ...NO_STATS,
    ...counters?.stats,
    ...workers,
    issued: counters?.issued ?? 0,
    completed: counters?.completed ?? 0,
    pending: counters?.pending ?? 0,
    records: counters?.records ?? [],
    times: counters?.times ?? [],
  };
}

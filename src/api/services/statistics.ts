import { CodedError } from '../../errors.js';
import type { ActiveExecution, ExecutionRow, SlicerStats, Store, WorkerNumbers } from '../../store/types.js';
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

const isRunning = (status: string): boolean => (RUNNING_STATUSES as readonly string[]).includes(status);

/** @throws CodedError NO_ACTIVE_SLICER if the execution ended or is not placed yet */
export async function controllerOf(store: Store, { doc, counters }: ExecutionRow): Promise<ControllerStats> {
  const { ex_id, _status } = doc;
  if (!isRunning(_status) && _status !== 'initializing') throw new CodedError('NO_ACTIVE_SLICER', { ex_id });
  return statistics({ ...doc, counters }, (await store.placement.workerNumbers([ex_id])).get(ex_id));
}

/** Of all executions that run, ordered by name and start, descending. Two reads, however many there are. */
export async function controllers(store: Store): Promise<ControllerStats[]> {
  const running = (await store.executions.active()).filter(({ _status }) => isRunning(_status));
  const numbers = await store.placement.workerNumbers(running.map(({ ex_id: id }) => id));
  return running
    .map((ex) => statistics(ex, numbers.get(ex.ex_id)))
    .sort((a, b) => compare(b.name, a.name) || compare(b.started ?? '', a.started ?? ''));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function statistics(
  { ex_id, job_id, name, counters }: Pick<ActiveExecution, 'ex_id' | 'job_id' | 'name' | 'counters'>,
  workers: WorkerNumbers | undefined,
): ControllerStats {
  return {
    ex_id,
    job_id,
    name,
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

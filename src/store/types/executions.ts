import type { ValidatedJob } from './jobs.js';
import type { ListQuery, Pages } from './lists.js';
import type { LedgerSnapshot, SliceTuple } from './slices.js';

export const INIT_STATUSES = ['pending', 'scheduling', 'initializing'] as const;
export const RUNNING_STATUSES = ['recovering', 'running', 'failing', 'paused', 'stopping'] as const;
export const TERMINAL_STATUSES = ['completed', 'stopped', 'rejected', 'failed', 'terminated'] as const;
export const EXECUTION_STATUSES = [...INIT_STATUSES, ...RUNNING_STATUSES, ...TERMINAL_STATUSES] as const;

export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

export const isTerminal = (status: string): boolean =>
  (TERMINAL_STATUSES as readonly string[]).includes(status);

/** `_slicer_stats` and the controller statistics (Teraslice's `docs/management-apis/endpoints-json.md`). */
export interface SlicerStats {
  workers_available: number;
  workers_active: number;
  workers_joined: number;
  workers_reconnected: number;
  workers_disconnected: number;
  job_duration: number;
  failed: number;
  subslices: number;
  queued: number;
  slice_range_expansion: number;
  processed: number;
  slicers: number;
  subslice_by_key: number;
  started?: string;
  queuing_complete?: string;
  /** Records out of each operation; ours, in the final statistics. */
  records?: number[];
}

/** An execution: the validated job and what became of it (Teraslice's `docs/management-apis/endpoints-json.md`). */
export interface ExecutionDocument extends ValidatedJob {
  job_id: string;
  ex_id: string;
  _context: 'ex';
  _created: string;
  _updated: string;
  _status: ExecutionStatus;
  _has_errors: boolean;
  _failureReason: string;
  _slicer_stats: Partial<SlicerStats>;
  metadata: Record<string, unknown>;
  slicer_hostname?: string;
  slicer_port?: number;
  teraslice_version: string;
  recovered_execution?: string;
  recovered_slice_type?: 'all' | 'errors' | 'pending';
  _deleted?: boolean;
  _deleted_on?: string;
}

/** Live numbers of an active execution; written often, never in the document. */
export interface Counters {
  issued: number;
  completed: number;
  failed: number;
  pending: number;
  running: number;
  /** Records out of each operation, summed over completed slices; index 0 is the reader. */
  records: number[];
  /** Milliseconds spent in each operation, summed over completed slices. */
  times: number[];
  stats: SlicerStats;
}

/** The columns of an execution that are not part of its document. */
export interface ExecutionRow {
  doc: ExecutionDocument;
  /** Workers wanted now: `doc.workers` until `_workers` changes it. */
  workers_wanted: number;
  /** Sequence number of the last status write; a write with a lower one is ignored. */
  status_seq: number;
  counters_seq: number;
  counters: Counters | null;
  /** Final report: the ledger as the workflow closed it. Null until it has been written. */
  report: LedgerSnapshot | null;
  /** The workflow has said its last word: no status and no counters are taken any more. */
  closed: boolean;
  /** What a recovered execution starts from; null for a fresh one. */
  recovery: RecoveryStart | null;
  /** Slices of other executions that were stored for it when it was inserted. */
  recovered_at_insert: number;
}

/** How an execution stands, without its document, which may be large: for who asks many times a second. */
export type ExecutionStanding = Pick<ExecutionDocument, 'ex_id' | '_status'> &
  Pick<ExecutionRow, 'workers_wanted'>;

/** What is known of an execution without its document, which may be large: of all active ones at once. */
export interface ActiveExecution extends Pick<
  ExecutionDocument,
  'ex_id' | 'job_id' | 'name' | '_status' | '_updated'
> {
  /** At most `SHOWN_NAME` characters. */
  name: string;
  counters: Counters | null;
}

/** Characters of a name that are told of an active execution. */
export const SHOWN_NAME = 10_000;

/** Where a recovered execution goes on from; its slices to replay lie beside it (`SlicePageStore.recovered`). */
export interface RecoveryStart {
  /** Last slice issued by each slicer of the old execution: `[slicer_id, slicer_order, request as JSON]`. */
  last: Array<[number, number, string]>;
  /** True if every slicer of the old execution had come to its end, behind which it does not go on. */
  slicerDone: boolean;
  /** True if the execution ends after the replay (a cleanup type was given). */
  replayOnly: boolean;
}

/** What a new execution takes over from others that ended. */
export interface Recovered {
  start: RecoveryStart;
  slices: Iterable<SliceTuple> | AsyncIterable<SliceTuple>;
  /** Executions whose failed slices are marked with the new one, as far as it recovers them. */
  sources?: string[];
  /** The job's latest execution when the slices were chosen. */
  latest?: string;
}

export interface ExecutionStore {
  /**
   * Stores a new `pending` execution together with the slices it recovers, all or nothing. The slices
   * may be read from this store while they are inserted.
   * @throws CodedError JOB_DELETED if the job was deleted.
   * @throws CodedError JOB_ACTIVE if the job has another active execution (a unique index decides),
   *   RECOVERY_OVERTAKEN if it has a later one than the recovery was planned on.
   * @returns how many slices it recovers
   */
  insert(ex: ExecutionDocument, recovered?: Recovered): Promise<number>;
  get(exId: string): Promise<ExecutionRow | undefined>;
  standing(exId: string): Promise<ExecutionStanding | undefined>;
  /**
   * The executions made after this one that recover it, or anything that it or its own origins were recovered
   * by or from: those that may have taken slices of it. Oldest first.
   */
  recoveredSince(exId: string): Promise<ExecutionRow[]>;
  /** The job's latest execution by `_created`. */
  latest(jobId: string): Promise<ExecutionRow | undefined>;
  /** The latest execution of each of many jobs, in their order; a job that never ran is not there. */
  latestOfEach(jobIds: string[]): Pages<ExecutionDocument>;
  list(query: ListQuery & { statuses?: string[]; deleted?: boolean }): Pages<ExecutionDocument>;
  /** Every execution that is not terminal, oldest first. */
  active(): Promise<ActiveExecution[]>;
  /**
   * Takes a status if `seq` is higher than that of the last write, the execution is not closed and the
   * move is legal (running group never back to init, terminal never to anything). Returns the row as it
   * is afterwards. `patch` goes into the document with it.
   */
  setStatus(
    exId: string,
    seq: number,
    status: ExecutionStatus,
    patch?: Partial<ExecutionDocument>,
  ): Promise<ExecutionRow | undefined>;
  /**
   * pending → scheduling, conditional: false if somebody else claimed it or it is past that. Repeating a
   * claim with the same `seq` is true again, so that an answer that got lost harms nothing.
   */
  claim(exId: string, seq: number): Promise<boolean>;
  /**
   * Writes report and terminal status at once; idempotent; nothing is taken afterwards. It is the last
   * word of the run: taken whatever was written before, also over a terminal status (a `terminated` that a
   * master wrote in error), unless the execution is closed.
   */
  close(
    exId: string,
    seq: number,
    status: ExecutionStatus,
    patch: Partial<ExecutionDocument>,
    report: LedgerSnapshot | null,
  ): Promise<ExecutionRow | undefined>;
  /** Latest counters of many executions in one statement; lower sequence numbers are ignored. */
  writeCounters(batch: Array<{ ex_id: string; seq: number; counters: Counters }>): Promise<void>;
  /**
   * Changes the number of wanted workers; with `expected` only if that is the number there is now
   * (compare and set). True if it was written.
   */
  setWorkersWanted(exId: string, workers: number, expected?: number): Promise<boolean>;
  /** Ids of `terminated` executions whose workflow never reported and whose ledger was not kept either, oldest first. */
  unreported(): Promise<string[]>;
  /**
   * Keeps the ledger of an execution whose workflow was ended from outside, while Temporal still knows it.
   * Nothing is written if the execution is closed: then it has reported itself.
   */
  setReport(exId: string, report: LedgerSnapshot): Promise<void>;
  /** Merges keys into `doc.metadata`, also of a closed execution. */
  setMetadata(exId: string, metadata: Record<string, unknown>): Promise<void>;
  /** Sums over all executions (deleted ones too) in one statement, from status and counters. */
  totals(): Promise<ExecutionTotals>;
  /** The same for the statistics of the cluster; workers count while their execution is in the store. */
  clusterTotals(): Promise<ClusterTotals>;
}

/** Sums of {@link SlicerStats}: `queued` of active executions, `job_duration` (s) of those that ended. */
export type ClusterTotals = Pick<
  SlicerStats,
  'processed' | 'failed' | 'queued' | 'job_duration' | 'workers_joined' | 'workers_disconnected'
>;

/** For metrics: `processed` includes `failed`, as in `SlicerStats`. */
export interface ExecutionTotals {
  statuses: Partial<Record<ExecutionStatus, number>>;
  processed: number;
  failed: number;
}

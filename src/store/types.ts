/** What the store keeps, as its callers see it. One interface a table; `openStore` gives them all. */

export const INIT_STATUSES = ['pending', 'scheduling', 'initializing'] as const;
export const RUNNING_STATUSES = ['recovering', 'running', 'failing', 'paused', 'stopping'] as const;
export const TERMINAL_STATUSES = ['completed', 'stopped', 'rejected', 'failed', 'terminated'] as const;

export type ExecutionStatus =
  (typeof INIT_STATUSES)[number] | (typeof RUNNING_STATUSES)[number] | (typeof TERMINAL_STATUSES)[number];

export const isTerminal = (status: string): boolean =>
  (TERMINAL_STATUSES as readonly string[]).includes(status);

/** A job as it was posted, with the fields the server adds (Teraslice REST API, section 2). */
export interface JobDocument {
  job_id: string;
  _context: 'job';
  _created: string;
  _updated: string;
  _deleted?: boolean;
  _deleted_on?: string;
  active?: boolean;
  name?: string;
  [property: string]: unknown;
}

/** One operation of a validated job. */
export interface OperationConfig {
  _op: string;
  [option: string]: unknown;
}

/** A validated job: defaults filled in, asset names resolved to ids. */
export interface ValidatedJob {
  name: string;
  active: boolean;
  analytics: boolean;
  assets: string[] | null;
  autorecover: boolean;
  lifecycle: 'once' | 'persistent';
  max_retries: number;
  operations: OperationConfig[];
  apis: Array<{ _name: string; [option: string]: unknown }>;
  probation_window: number;
  slicers: number;
  workers: number;
  stateful: boolean;
  log_level?: string | null;
  env_vars?: Record<string, string>;
  /** Longest time one slice may run, in ms, before its host is killed; 0 or absent: no limit. Ours, not Teraslice's. */
  slice_timeout?: number;
  /** More failed slices than this end the execution: a number, or a share such as `"5%"`. Ours, not Teraslice's. */
  max_failed_slices?: number | string | null;
  [property: string]: unknown;
}

/** `_slicer_stats` and the controller statistics (Teraslice REST API, section 3.1). */
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

/** An execution: the validated job and what became of it (Teraslice REST API, section 3). */
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

/** Where a recovered execution goes on from; its slices to replay lie beside it (`SlicePageStore.recovered`). */
export interface RecoveryStart {
  /** Last slice issued by each slicer of the old execution: `[slicer_id, slicer_order, request as JSON]`. */
  last: Array<[number, number, string]>;
  /** True if every slicer of the old execution had come to its end. */
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

/** A failed slice, as `/errors` shows it (Teraslice REST API, section 7.5). `request` is a JSON string. */
export interface FailedSlice {
  ex_id: string;
  slice_id: string;
  slicer_id: number;
  slicer_order: number;
  request: string;
  state: 'error';
  error: string;
  retry_count?: number;
  /** The last execution that recovered it; ours, not Teraslice's. */
  recovered_by?: string;
  _created: string;
  _updated: string;
}

/** What a slice is known by, in whichever execution it runs. */
export type SliceKey = Pick<FailedSlice, 'slicer_id' | 'slicer_order' | 'slice_id'>;

/** `[slicer_id, slicer_order, request as JSON, slice_id if it is not the derived one]` */
export type SliceTuple = [number, number, string, string?];

/** The numbers of a ledger: issued = completed + failed + pending. */
export interface LedgerTally {
  issued: number;
  completed: number;
  failed: number;
  /** Issued and not finished: queued, leased, running, or to be tried again. */
  pending: number;
  /** Of those issued, slices of an earlier execution, or failed ones of this execution taken up again. */
  recovered: number;
}

/** The ledger of an execution at one moment, with the slices it still owes. */
export interface LedgerSnapshot extends Omit<LedgerTally, 'pending'> {
  pending: SliceTuple[];
  /** How many of `pending`, the first ones, may have been begun; reports of old do not say. */
  started?: number;
  /** Last slice made by each slicer, those in `pages` included: `[slicer_id, slicer_order, request as JSON]`. */
  last: Array<[number, number, string]>;
  slicerDone: boolean;
  /** Pages of slices that lie in the store and were not taken up yet. */
  pages: string[];
  /** Position of the next recovered slice not yet taken from the store; null if there are none left. */
  recoveredPosition: number | null;
  /** End (exclusive) of the positions of failed slices that were taken up again; 0: none were. */
  recoveredEnd: number;
  /** Whether the slicer said that it can be built anew; null if it never answered. */
  recoverable: boolean | null;
}

export interface NodeRow {
  node_id: string;
  /** New with every start of the node's process. */
  incarnation: string;
  hostname: string;
  pid: number;
  slots: number;
  node_version: string;
  version: string;
  /** ISO time of the last presence. */
  seen: string;
  /** True once the node asked to be drained (SIGTERM). */
  draining: boolean;
}

export type HostKind = 'worker' | 'slicer';
/** assigned → starting → live → ended; `draining` is a wish of the master's beside it. */
export type HostState = 'assigned' | 'starting' | 'live' | 'ended';
/** `silent`: given up because its node was silent; the process may live until its node fences it. */
export type HostOutcome = 'flushed' | 'failed' | 'lost' | 'silent';

/** One lifetime of one host process. */
export interface HostRow {
  host_id: string;
  ex_id: string;
  node_id: string;
  incarnation: string;
  kind: HostKind;
  /** Slicers only: rises when the slicer moves to another node. */
  epoch: number;
  state: HostState;
  draining: boolean;
  /** Draining, and at once: its node kills it. Absent: false. */
  forced?: boolean;
  pid: number | null;
  busy: boolean;
  /** Slicers only: whether the reader can be built anew elsewhere; null until it was asked. */
  recoverable: boolean | null;
  outcome: HostOutcome | null;
  reason: string | null;
  created: string;
  updated: string;
}

export interface ListQuery {
  size?: number;
  from?: number;
  /** `field:asc` or `field:desc` over a known field. */
  sort?: string;
  /** In Lucene's syntax, over the known fields. A list throws CodedError BAD_FILTER if it cannot be read. */
  filter?: string;
}

export interface JobStore {
  insert(job: JobDocument): Promise<void>;
  /** Any job by id, deleted ones too. */
  get(jobId: string): Promise<JobDocument | undefined>;
  replace(job: JobDocument): Promise<void>;
  /**
   * Soft delete in one transaction: the job and all its executions get `_deleted`, `_deleted_on` and
   * `_updated` (the given ISO time), the job also `active: false`. Undefined if there is no such job.
   * @throws CodedError JOB_RUNNING if one of its executions is not terminal.
   */
  remove(jobId: string, deletedOn: string): Promise<JobDocument | undefined>;
  list(query: ListQuery & { active?: boolean; deleted?: boolean }): Promise<JobDocument[]>;
}

export interface ExecutionStore {
  /**
   * Stores a new `pending` execution together with the slices it recovers, all or nothing. The slices
   * may be read from this store while they are inserted.
   * @throws CodedError JOB_DELETED if the job was deleted.
   * @throws CodedError JOB_ACTIVE if the job has another active execution (a unique index decides), or a
   *   later one than the recovery was planned on.
   * @returns how many slices it recovers
   */
  insert(ex: ExecutionDocument, recovered?: Recovered): Promise<number>;
  get(exId: string): Promise<ExecutionRow | undefined>;
  /**
   * The executions made after this one that recover it, or anything that it or its own origins were recovered
   * by or from: those that may have taken slices of it. Oldest first.
   */
  recoveredSince(exId: string): Promise<ExecutionRow[]>;
  /** The job's latest execution by `_created`. */
  latest(jobId: string): Promise<ExecutionRow | undefined>;
  /** The latest execution of each of many jobs, by job; a job that never ran is not there. */
  latestOfEach(jobIds: string[]): Promise<Map<string, ExecutionDocument>>;
  list(query: ListQuery & { statuses?: string[]; deleted?: boolean }): Promise<ExecutionDocument[]>;
  /** Every execution that is not terminal, oldest first. */
  active(): Promise<ExecutionRow[]>;
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

export interface FailedSliceStore {
  /**
   * Idempotent by (ex_id, slicer_id, slicer_order, slice_id): a page written twice counts once. A slice that
   * was being replayed has failed again: its row takes the new error.
   */
  write(page: FailedSlice[]): Promise<void>;
  /** What is being replayed is not listed, nor what a replay has completed. */
  list(query: ListQuery & { ex_id?: string }): Promise<FailedSlice[]>;
  /** Counts what `list` would give. */
  count(exId: string, filter?: string): Promise<number>;
  /**
   * All failed slices of an execution in order, page by page, for recovery. Among them are those put aside for
   * a replay at `known` or beyond: positions of which the execution has never heard.
   */
  pages(
    exId: string,
    pageSize: number,
    options?: { known?: number; filter?: string },
  ): AsyncIterable<FailedSlice[]>;
  /**
   * Puts failed slices that match beside the slices that the execution recovers, at positions `from` to
   * `to` - 1, and marks them, all in one transaction. The same `replayId` gets the same answer again.
   * @throws CodedError EX_NOT_ACTIVE if the execution has ended
   */
  takeForReplay(exId: string, replayId: string, filter: string): Promise<{ from: number; to: number }>;
  /**
   * What became of slices in the last of the executions `takers` (oldest first) that recovered them, by the
   * index of the slice; those that none has recovered are not there.
   */
  lastTakers(slices: SliceKey[], takers: string[]): Promise<Map<number, TakenSlice>>;
}

/** A slice in an execution that recovered it. */
export interface TakenSlice {
  ex_id: string;
  /** Its last position among the slices to recover. */
  position: number;
  /** Whether it was recorded as failed there. */
  failed: boolean;
  /** Set if it failed there and was put aside to be replayed. */
  replay_position: number | null;
}

/** Slices parked in the store: what an execution recovers, and slicer answers too large for one result. */
export interface SlicePageStore {
  /** Recovered slices from `position` on, at most `limit` of them and `maxBytes` (at least one). */
  recovered(
    exId: string,
    position: number,
    limit: number,
    maxBytes: number,
  ): Promise<{ slices: SliceTuple[]; next: number | null; total: number }>;
  /** Idempotent by (ex_id, page_id). */
  writePage(exId: string, pageId: string, slices: SliceTuple[]): Promise<void>;
  readPage(exId: string, pageId: string): Promise<SliceTuple[] | undefined>;
  /** Forgets all pages of an execution. */
  clear(exId: string): Promise<void>;
}

/** An asset as lists show it (Teraslice REST API, section 9). What is absent is a wildcard. */
export interface AssetRecord {
  /** See `ContentId`. */
  id: string;
  name: string;
  version: string;
  description?: string;
  /** Major version of Node. */
  node_version?: number;
  platform?: string;
  arch?: string;
  _created: string;
}

export interface StoredAsset extends AssetRecord {
  /** Bytes of the zip file. */
  size: number;
  /** What `stage` returned. */
  location: string;
}

export interface AssetStore {
  /** Stores the bytes of a zip file that no asset refers to yet. A crash leaves nothing of them for long. */
  stage(bytes: AsyncIterable<Uint8Array>): Promise<string>;
  /** Forgets staged bytes; those of an asset are kept. */
  discard(location: string): Promise<void>;
  /**
   * Makes staged bytes an asset. False if there is one of that id already; the staged bytes are of no use then.
   * @throws CodedError ASSET_EXISTS if there is another one with the same name, version and restrictions
   */
  insert(asset: StoredAsset): Promise<boolean>;
  get(id: string): Promise<AssetRecord | undefined>;
  /** All versions of an asset, newest upload first. */
  named(name: string): Promise<AssetRecord[]>;
  list(query: ListQuery & { name?: string; versions?: string[] }): Promise<AssetRecord[]>;
  /** Takes an asset out of sight; false if there is none. Its bytes are kept for executions until `purge`. */
  remove(id: string): Promise<boolean>;
  /** The zip file, also of a deleted asset whose bytes are still kept. */
  read(id: string): Promise<{ size: number; bytes: AsyncIterable<Uint8Array> } | undefined>;
  /** Those of the ids whose bytes are kept. */
  kept(ids: string[]): Promise<string[]>;
  /** Forgets assets that were deleted `grace` ms ago and that no active execution runs; returns their ids. */
  purge(grace: number): Promise<string[]>;
  wasAutoloaded(id: string): Promise<boolean>;
  setAutoloaded(id: string): Promise<void>;
}

/** The part of {@link SlicerStats} that placement knows. */
export type WorkerNumbers = Pick<
  SlicerStats,
  'workers_joined' | 'workers_disconnected' | 'workers_active' | 'workers_available'
>;

export interface PlacementStore {
  /** Records a node's presence; true if this incarnation of the node was not known before. */
  presence(node: NodeRow): Promise<boolean>;
  nodes(): Promise<NodeRow[]>;
  removeNode(nodeId: string): Promise<void>;
  /** Hosts not ended, of all executions, or those given. */
  liveHosts(filter?: { ex_id?: string; node_id?: string }): Promise<HostRow[]>;
  /** Every host that was ever placed for the execution. */
  hostsOf(exId: string): Promise<HostRow[]>;
  host(hostId: string): Promise<HostRow | undefined>;
  /** Numbers of workers of the given executions, by execution; one that never had a worker is not there. */
  workerNumbers(exIds: string[]): Promise<Map<string, WorkerNumbers>>;
  insertHosts(hosts: HostRow[]): Promise<void>;
  /** Sets `updated` to now unless the patch says when. A host that has ended takes no other state. */
  updateHost(hostId: string, patch: Partial<HostRow>): Promise<void>;
  /** Notes which hosts are busy, in one statement, as it changes all the time. Those that have ended stay idle. */
  setBusy(hosts: ReadonlyArray<Pick<HostRow, 'host_id' | 'busy'>>): Promise<void>;
  /** Marks all hosts of an execution that have not ended as draining and forced. */
  force(exId: string): Promise<void>;
  /**
   * Runs `work` in one transaction under a cluster-wide advisory lock, with tables bound to it. `work`
   * must use nothing else of the store: the embedded one has a single session, which this transaction holds.
   * Another master that wants it at the same time waits.
   */
  exclusively<T>(work: (tables: PlacementTables) => Promise<T>): Promise<T>;
}

/** What placement reads and writes inside its transaction. */
export interface PlacementTables {
  nodes(): Promise<NodeRow[]>;
  liveHosts(): Promise<HostRow[]>;
  /** Active executions, oldest first, with what placement needs of them. */
  active(): Promise<
    Array<{ ex_id: string; job_id: string; status: ExecutionStatus; workers_wanted: number; created: string }>
  >;
  insertHosts(hosts: HostRow[]): Promise<void>;
  updateHost(hostId: string, patch: Partial<HostRow>): Promise<void>;
  /** Highest epoch a slicer of this execution ever had; 0 if none. */
  lastEpoch(exId: string): Promise<number>;
}

export interface AuditStore {
  /** Who asked for what: kept for a person to read, never read by the server. */
  append(entry: { action: string; job_id?: string; ex_id?: string; detail?: unknown }): Promise<void>;
}

export interface PurgeStore {
  /** Deletes at most `limit` executions that ended and have not changed since `before` (ISO time); how many. */
  executions(before: string, limit: number): Promise<number>;
  /** Removes what an interrupted deletion left. */
  sweep(): Promise<void>;
}

export interface Store {
  jobs: JobStore;
  executions: ExecutionStore;
  failures: FailedSliceStore;
  pages: SlicePageStore;
  assets: AssetStore;
  placement: PlacementStore;
  audit: AuditStore;
  purge: PurgeStore;
  /** A cheap round trip; rejects when the store cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

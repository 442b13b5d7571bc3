import type { ColumnType, Generated, Insertable, Kysely, Updateable } from 'kysely';
import type { Columns, EXECUTION_COLUMNS, JOB_COLUMNS } from './fields.js';
import type {
  Counters,
  ExecutionDocument,
  ExecutionStatus,
  FenceState,
  HostRow,
  JobDocument,
  LedgerSnapshot,
  NodeRow,
  RecoveryStart,
  SliceTuple,
} from './types.js';

/** A `json` column (not `jsonb`: that one loses the order of keys and cannot hold NUL). Written as text. */
type Json<T> = ColumnType<T, string, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export interface JobsTable extends Omit<Columns<typeof JOB_COLUMNS>, 'job_id'> {
  job_id: string;
  doc: Json<JobDocument>;
}

export interface ExecutionsTable extends Omit<
  Columns<typeof EXECUTION_COLUMNS>,
  'ex_id' | 'job_id' | '_status' | '_created' | '_updated'
> {
  ex_id: string;
  job_id: string;
  _status: ExecutionStatus;
  _created: string;
  _updated: string;
  /** Breaks ties between executions created in the same millisecond. */
  number: Generated<number>;
  /** Computed from `_status`. */
  terminal: ColumnType<boolean, never, never>;
  workers_wanted: number;
  status_seq: Generated<number>;
  counters_seq: Generated<number>;
  /** Slices processed and failed, out of the counters, and s from start to end, out of the final statistics: for totals. */
  processed: Generated<number>;
  failed: Generated<number>;
  job_duration: Generated<number>;
  closed: Generated<boolean>;
  /** Slices that lie in the store for it to recover: those of its insertion and those replayed since. */
  recovered_total: Generated<number>;
  recovered_at_insert: Generated<number>;
}

/**
 * What is large of an execution and changes. Apart, for lists read through all rows of executions where no index
 * helps. Written under the lock of the execution's row only, which is taken first.
 */
export interface ExecutionStatesTable {
  ex_id: string;
  /** What may change of the document, laid over its `spec`. */
  state: Json<Partial<ExecutionDocument>>;
  counters: NullableJson<Counters>;
  report: NullableJson<LedgerSnapshot>;
  recovery: NullableJson<RecoveryStart>;
}

/** The documents as they were inserted. They never change; apart for the same reason, and status writes stay small. */
export interface ExecutionSpecsTable {
  ex_id: string;
  spec: Json<ExecutionDocument>;
}

export interface FailedSlicesTable {
  ex_id: string;
  slicer_id: number;
  slicer_order: number;
  slice_id: string;
  request: string;
  error: string;
  retry_count: number | null;
  _created: string;
  _updated: string;
  /** Where among the execution's recovered slices it was put, to be replayed; null: failed, and nothing more. */
  replay_position: Generated<number | null>;
  /** The last execution that recovered it. */
  recovered_by: Generated<string | null>;
}

export interface RecoveredSlicesTable {
  ex_id: string;
  position: number;
  slicer_id: number;
  slicer_order: number;
  request: string;
  slice_id: string | null;
  staged: Generated<string>;
  /** The request that put it here; null: there since the execution was inserted. */
  replay_id: string | null;
}

export interface SlicePagesTable {
  ex_id: string;
  page_id: string;
  slices: Json<SliceTuple[]>;
}

/** Metadata of an asset bundle; `location` names the chunks that hold its bytes. */
export interface AssetsTable {
  id: string;
  name: string;
  version: string;
  description: string | null;
  /** Major version. */
  node_version: number | null;
  platform: string | null;
  arch: string | null;
  size: number;
  location: string;
  _created: string;
  /** When it was deleted: nobody sees it any more, its bytes are there for executions that run it. */
  deleted: string | null;
}

/** Bytes of assets. Chunks that no asset refers to are being uploaded, or were left by a crash. */
export interface AssetChunksTable {
  location: string;
  position: number;
  data: Uint8Array;
  staged: Generated<string>;
}

/** Ids of all that was ever taken from an autoload directory. */
export interface AutoloadedAssetsTable {
  id: string;
  at: Generated<string>;
}

export interface AuditTable {
  id: Generated<number>;
  at: Generated<string>;
  action: string;
  job_id: string | null;
  ex_id: string | null;
  detail: NullableJson<unknown>;
}

export interface NodesTable extends Omit<NodeRow, 'fence'> {
  fence: Generated<FenceState>;
  /** Earlier incarnations, oldest first. */
  superseded: Generated<string[]>;
}

export interface Schema {
  jobs: JobsTable;
  executions: ExecutionsTable;
  execution_states: ExecutionStatesTable;
  execution_specs: ExecutionSpecsTable;
  failed_slices: FailedSlicesTable;
  recovered_slices: RecoveredSlicesTable;
  slice_pages: SlicePagesTable;
  assets: AssetsTable;
  asset_chunks: AssetChunksTable;
  autoloaded_assets: AutoloadedAssetsTable;
  nodes: NodesTable;
  hosts: HostRow;
  audit: AuditTable;
}

/** The database or a transaction of it. */
export type Database = Kysely<Schema>;
export type NewExecution = Insertable<ExecutionsTable>;
export type ExecutionUpdate = Updateable<ExecutionsTable>;
export type NewExecutionState = Insertable<ExecutionStatesTable>;
export type ExecutionStateUpdate = Updateable<ExecutionStatesTable>;

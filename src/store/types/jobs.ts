import type { ExecutionDocument } from './executions.js';
import type { ListQuery, Pages } from './lists.js';

/** A job as it was posted, with the fields the server adds (Teraslice's `docs/management-apis/endpoints-json.md`). */
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

/** Workers or slicers that can be asked for, at most: more than any cluster has, and whole in every type of number. */
export const MAX_WORKERS = 2_147_483_647;

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

export interface JobStore {
  /** Stores a new job, with `first` together with its first, `pending` execution: both or none. */
  insert(job: JobDocument, first?: ExecutionDocument): Promise<void>;
  /** Any job by id, deleted ones too. */
  get(jobId: string): Promise<JobDocument | undefined>;
  /**
   * @param options `alive`: only if it was not deleted; default: any
   * @throws CodedError JOB_NOT_FOUND, JOB_DELETED
   */
  replace(job: JobDocument, options?: { alive: boolean }): Promise<void>;
  /**
   * Changes nothing but `active` and `_updated` (an ISO time). Undefined if there is no such job.
   * @throws CodedError JOB_DELETED
   */
  setActive(jobId: string, active: boolean, updated: string): Promise<JobDocument | undefined>;
  /**
   * Soft delete in one transaction: the job and all its executions get `_deleted`, `_deleted_on` and
   * `_updated` (the given ISO time), the job also `active: false`. Undefined if there is no such job.
   * @throws CodedError JOB_RUNNING if one of its executions is not terminal, JOB_ALREADY_DELETED
   */
  remove(jobId: string, deletedOn: string): Promise<JobDocument | undefined>;
  list(query: ListQuery & { active?: boolean; deleted?: boolean }): Pages<JobDocument>;
}

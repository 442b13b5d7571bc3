import { validate as isUuid } from 'uuid';
import { CodedError } from '../../errors.js';
import type {
  ExecutionDocument,
  ExecutionRow,
  ExecutionStanding,
  FailedSlice,
  JobDocument,
  ListQuery,
  Pages,
  ValidatedJob,
} from '../../store/types.js';
import { EXECUTION_STATUSES, isTerminal } from '../../store/types.js';
import type { ApiDependencies } from '../dependencies.js';
import { configurationOf, executionDocument } from './documents.js';
import { planRecovery, type CleanupType } from './recovery.js';

const STATUSES: readonly string[] = EXECUTION_STATUSES;

export interface RecoverOptions {
  cleanup?: CleanupType;
  job?: ValidatedJob;
  filter?: string;
}

/** Reads executions and makes new ones. What is wanted of running ones: `ControlService`. */
export class ExecutionService {
  constructor(private readonly deps: Pick<ApiDependencies, 'store' | 'engine' | 'version' | 'assets'>) {}

  async find(exId: string): Promise<ExecutionRow | undefined> {
    // Ids are UUIDs; anything else does not even go to the database.
    return isUuid(exId) ? this.deps.store.executions.get(exId) : undefined;
  }

  /** @throws CodedError EX_NOT_FOUND */
  async row(exId: string): Promise<ExecutionRow> {
    const row = await this.find(exId);
    if (row === undefined) throw new CodedError('EX_NOT_FOUND', { ex_id: exId });
    return row;
  }

  /** How it stands; for who asks many times a second. @throws CodedError EX_NOT_FOUND */
  async standing(exId: string): Promise<ExecutionStanding> {
    const standing = isUuid(exId) ? await this.deps.store.executions.standing(exId) : undefined;
    if (standing === undefined) throw new CodedError('EX_NOT_FOUND', { ex_id: exId });
    return standing;
  }

  /** For live numbers, of which an unknown execution has as few as one that ended. @throws NO_ACTIVE_SLICER */
  async rowOfController(exId: string): Promise<ExecutionRow> {
    const row = await this.find(exId);
    if (row === undefined) throw new CodedError('NO_ACTIVE_SLICER', { ex_id: exId });
    return row;
  }

  /** The latest execution of a job, if it ever had one. */
  async latest(jobId: string): Promise<ExecutionRow | undefined> {
    return isUuid(jobId) ? this.deps.store.executions.latest(jobId) : undefined;
  }

  /** @throws CodedError NO_EXECUTION */
  async latestOf(jobId: string): Promise<ExecutionRow> {
    const row = await this.latest(jobId);
    if (row === undefined) throw new CodedError('NO_EXECUTION', { job_id: jobId });
    return row;
  }

  /** Executions in any of `statuses`; none given: in any. Names that are no status match nothing. */
  async *list(query: ListQuery & { statuses: string[]; deleted: boolean }): Pages<ExecutionDocument> {
    const known = query.statuses.filter((status) => STATUSES.includes(status));
    if (query.statuses.length > 0 && known.length === 0) return;
    yield* this.deps.store.executions.list({ ...query, statuses: known.length > 0 ? known : undefined });
  }

  /** Failed slices of an execution; without an id those of all. */
  async *errors(query: ListQuery & { ex_id?: string }): Pages<FailedSlice> {
    if (query.ex_id !== undefined && !isUuid(query.ex_id)) return;
    yield* this.deps.store.failures.list(query);
  }

  /**
   * Makes a new `pending` execution of a validated job. The committed row is the submission: its workflow
   * is started in the background.
   * @throws CodedError JOB_ACTIVE
   */
  async create(jobId: string, job: ValidatedJob, previous?: ExecutionRow): Promise<string> {
    const ex = executionDocument(jobId, job, this.deps.version, previous?.doc);
    await this.deps.store.executions.insert(ex);
    this.deps.engine.submitted(ex.ex_id);
    return ex.ex_id;
  }

  /** Stores a new job together with its first execution; see `create`. */
  async createFirst(job: JobDocument, validated: ValidatedJob): Promise<string> {
    const ex = executionDocument(job.job_id, validated, this.deps.version);
    await this.deps.store.jobs.insert(job, ex);
    this.deps.engine.submitted(ex.ex_id);
    return ex.ex_id;
  }

  /**
   * Makes a new execution that goes on where `old` ended: with the configuration `job`, else with its own.
   * With a filter it replays failed slices that match, and ends.
   * @returns the new execution, and how many slices it recovers
   * @throws CodedError EX_STILL_ACTIVE, EX_NOT_RECOVERABLE, JOB_ACTIVE, RECOVERY_OVERTAKEN,
   *   TEMPORAL_UNAVAILABLE
   */
  async recover(
    old: ExecutionRow,
    { cleanup, job = configurationOf(old.doc), filter }: RecoverOptions = {},
  ): Promise<{ ex_id: string; slices: number }> {
    const { ex_id, job_id, _status } = old.doc;
    if (old.doc._deleted === true) throw new CodedError('JOB_DELETED', { job_id, action: 'recovered' });
    if (!isTerminal(_status)) throw new CodedError('EX_STILL_ACTIVE', { ex_id, status: _status });
    const type = cleanup ?? (job.autorecover ? 'pending' : undefined);
    const replayOnly = filter !== undefined || (cleanup !== undefined && !job.autorecover);
    const latest = (await this.latest(job_id)) ?? old;
    if (!isTerminal(latest.doc._status)) throw new CodedError('JOB_ACTIVE', { job_id });
    const gone = await this.deps.assets.missing(job.assets ?? []);
    if (gone !== undefined) {
      throw new CodedError('EX_NOT_RECOVERABLE', { ex_id, reason: `unable to find asset ${gone}` });
    }
    const plan = await planRecovery(this.deps, old, {
      type,
      replayOnly,
      ...(filter !== undefined && { filter }),
    });
    const ex: ExecutionDocument = {
      ...executionDocument(job_id, job, this.deps.version, latest.doc),
      recovered_execution: ex_id,
      ...(type !== undefined && { recovered_slice_type: type }),
    };
    const slices = await this.deps.store.executions.insert(ex, { ...plan, latest: latest.doc.ex_id });
    this.deps.engine.submitted(ex.ex_id);
    return { ex_id: ex.ex_id, slices };
  }

  /**
   * Counts the failed slices of an execution that ended that match, but for those that a recovery has completed.
   * @throws CodedError TEMPORAL_UNAVAILABLE
   */
  async countFailed(old: ExecutionRow, filter: string): Promise<number> {
    const { slices } = await planRecovery(this.deps, old, { type: 'errors', replayOnly: true, filter });
    let count = 0;
    for await (const _ of slices) count++;
    return count;
  }
}

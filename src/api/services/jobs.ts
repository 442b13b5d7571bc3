import { validate as isUuid } from 'uuid';
import { CodedError } from '../../errors.js';
import type {
  ExecutionDocument,
  ExecutionRow,
  JobDocument,
  ListQuery,
  Pages,
  ValidatedJob,
} from '../../store/types.js';
import { isTerminal } from '../../store/types.js';
import type { ApiDependencies } from '../dependencies.js';
import type { JobValidator } from '../validator.js';
import { jobDocument } from './documents.js';
import type { ExecutionService } from './executions.js';
import type { CleanupType } from './recovery.js';

/** Reply to a request that makes an execution; `warnings` only if there are any. */
export interface Submission {
  job_id: string;
  ex_id?: string;
  warnings?: unknown[];
}

const listed = (warnings: unknown[]): { warnings?: unknown[] } => (warnings.length > 0 ? { warnings } : {});

/** The job with fields of its latest execution: those named, all if none is; `{}` if there is no execution. */
function beside(job: JobDocument, ex: ExecutionDocument | undefined, fields: string[]): JobDocument {
  const shown = ex === undefined || ex._deleted === true ? [] : Object.entries(ex);
  return {
    ...job,
    ex: Object.fromEntries(shown.filter(([field]) => fields.length === 0 || fields.includes(field))),
  };
}

export class JobService {
  constructor(
    private readonly deps: Pick<ApiDependencies, 'store'> & { validator: Pick<JobValidator, 'validate'> },
    private readonly executions: ExecutionService,
  ) {}

  /**
   * Stores a job and, with `start`, its first execution: both or none. Nothing is stored if the job is not valid.
   * @throws CodedError NO_JOB_POSTED, JOB_ID_ON_SUBMIT, JOB_INVALID
   */
  async submit(spec: Record<string, unknown> | undefined, start: boolean): Promise<Submission> {
    if (!spec?.operations) throw new CodedError('NO_JOB_POSTED');
    // As in Teraslice: an empty one is none.
    if (spec.job_id) throw new CodedError('JOB_ID_ON_SUBMIT');
    const { job: validated, warnings } = await this.deps.validator.validate(spec);
    const job = jobDocument(spec);
    if (start) {
      const exId = await this.executions.createFirst(job, validated);
      return { job_id: job.job_id, ex_id: exId, ...listed(warnings) };
    }
    await this.deps.store.jobs.insert(job);
    return { job_id: job.job_id, ...listed(warnings) };
  }

  /** Deleted jobs too. @throws CodedError JOB_NOT_FOUND */
  async get(jobId: string): Promise<JobDocument> {
    const job = isUuid(jobId) ? await this.deps.store.jobs.get(jobId) : undefined;
    if (job === undefined) throw new CodedError('JOB_NOT_FOUND', { job_id: jobId });
    return job;
  }

  list(query: ListQuery & { active?: boolean; deleted: boolean }): Pages<JobDocument> {
    return this.deps.store.jobs.list(query);
  }

  /** A job with its latest execution beside it. */
  async withExecution(job: JobDocument, fields: string[]): Promise<JobDocument> {
    return beside(job, (await this.executions.latest(job.job_id))?.doc, fields);
  }

  /** Jobs with the latest execution of each beside it. */
  async *withExecutions(pages: Pages<JobDocument>, fields: string[]): Pages<JobDocument> {
    for await (const jobs of pages) {
      let rest = jobs;
      for await (const executions of this.deps.store.executions.latestOfEach(jobs.map((job) => job.job_id))) {
        const latest = new Map(executions.map((ex) => [ex.job_id, ex]));
        const end = rest.findLastIndex((job) => latest.has(job.job_id)) + 1;
        yield rest.slice(0, end).map((job) => beside(job, latest.get(job.job_id), fields));
        rest = rest.slice(end);
      }
      yield rest.map((job) => beside(job, undefined, fields));
    }
  }

  /**
   * Replaces a job; executions that run already keep their own copy.
   * @throws CodedError EMPTY_UPDATE, JOB_NOT_FOUND, JOB_DELETED, JOB_INVALID
   */
  async update(jobId: string, spec: Record<string, unknown> | undefined): Promise<JobDocument> {
    if (spec === undefined || Object.keys(spec).length === 0)
      throw new CodedError('EMPTY_UPDATE', { job_id: jobId });
    const old = await this.existing(jobId, 'updated');
    const { warnings } = await this.deps.validator.validate(spec);
    const job = jobDocument(spec, old);
    // It may have been deleted while the new one was validated.
    await this.deps.store.jobs.replace(job, { alive: true });
    return { ...job, ...listed(warnings) };
  }

  /** Sets `active`, a mark that has no effect on executions. @throws as `update` */
  async setActive(jobId: string, active: boolean): Promise<JobDocument> {
    const old = await this.existing(jobId, 'updated');
    const warnings = active ? (await this.deps.validator.validate({ ...old, active })).warnings : [];
    // Nothing else of it: it may have been replaced while it was validated.
    const job = await this.deps.store.jobs.setActive(jobId, active, new Date().toISOString());
    if (job === undefined) throw new CodedError('JOB_NOT_FOUND', { job_id: jobId });
    return { ...job, ...listed(warnings) };
  }

  /** Marks a job and its executions as deleted. @throws CodedError JOB_RUNNING, JOB_NOT_FOUND, JOB_ALREADY_DELETED */
  async remove(jobId: string): Promise<JobDocument> {
    const removed = isUuid(jobId) && (await this.deps.store.jobs.remove(jobId, new Date().toISOString()));
    if (!removed) throw new CodedError('JOB_NOT_FOUND', { job_id: jobId });
    return removed;
  }

  /**
   * Runs the job as it is now once more. One with `autorecover` goes on where its latest execution ended.
   * @throws CodedError JOB_ACTIVE, JOB_NOT_FOUND, JOB_DELETED, JOB_INVALID, and those of a recovery
   */
  async start(jobId: string): Promise<Submission> {
    const latest = await this.executions.latest(jobId);
    if (latest !== undefined && !isTerminal(latest.doc._status))
      throw new CodedError('JOB_ACTIVE', { job_id: jobId });
    const job = await this.existing(jobId, 'started');
    return this.run(job, latest);
  }

  /**
   * Goes on where the job's latest execution ended, with the job as it is now.
   * @throws CodedError JOB_NOT_FOUND, JOB_DELETED, NOTHING_TO_RECOVER, EX_STILL_ACTIVE, JOB_INVALID,
   *   EX_NOT_RECOVERABLE, TEMPORAL_UNAVAILABLE
   */
  async recover(jobId: string, cleanup?: CleanupType): Promise<Submission> {
    const job = await this.existing(jobId, 'recovered');
    const latest = await this.executions.latest(jobId);
    if (latest !== undefined && !isTerminal(latest.doc._status)) {
      throw new CodedError('EX_STILL_ACTIVE', { ex_id: latest.doc.ex_id, status: latest.doc._status });
    }
    return this.run(job, latest, { ...(cleanup && { cleanup }) });
  }

  /** The job as it is now, ready to run. @throws CodedError JOB_NOT_FOUND, JOB_DELETED, JOB_INVALID */
  async validated(jobId: string, action: string): Promise<ValidatedJob> {
    return (await this.deps.validator.validate(await this.existing(jobId, action))).job;
  }

  /** @param recovery what was asked for, if it was; undefined: the job says whether it is one, once it is validated */
  private async run(
    job: JobDocument,
    latest: ExecutionRow | undefined,
    recovery?: { cleanup?: CleanupType },
  ): Promise<Submission> {
    const { job_id } = job;
    const { job: validated, warnings } = await this.deps.validator.validate(job);
    if (recovery !== undefined && latest === undefined && !validated.autorecover) {
      throw new CodedError('NOTHING_TO_RECOVER', { job_id });
    }
    const exId =
      latest !== undefined && (recovery !== undefined || validated.autorecover)
        ? (await this.executions.recover(latest, { ...recovery, job: validated })).ex_id
        : await this.executions.create(job_id, validated, latest);
    return { job_id, ex_id: exId, ...listed(warnings) };
  }

  private async existing(jobId: string, action: string): Promise<JobDocument> {
    const job = await this.get(jobId);
    if (job._deleted === true) throw new CodedError('JOB_DELETED', { job_id: jobId, action });
    return job;
  }
}

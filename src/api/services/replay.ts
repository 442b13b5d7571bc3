import { v4 as uuidv4 } from 'uuid';
import { CodedError } from '../../errors.js';
import type { ExecutionRow, ValidatedJob } from '../../store/types.js';
import { isTerminal } from '../../store/types.js';
import type { ApiDependencies } from '../dependencies.js';
import type { ExecutionService } from './executions.js';

export interface Replay {
  job_id: string;
  /** The execution that replays the slices; the one that was asked for if there are none. */
  ex_id: string;
  replayed: number;
}

/** Replays failed slices: in their own execution while it is active, else in a new one. */
export class ReplayService {
  constructor(
    private readonly deps: Pick<ApiDependencies, 'store' | 'engine'>,
    private readonly executions: ExecutionService,
  ) {}

  /**
   * How many slices `replay` would replay now.
   * @throws CodedError EX_NOT_RECOVERABLE, TEMPORAL_UNAVAILABLE, BAD_FILTER
   */
  async count(row: ExecutionRow, filter: string): Promise<number> {
    if (!isTerminal(row.doc._status)) return this.deps.store.failures.count(row.doc.ex_id, filter);
    return this.executions.countFailed(row, filter);
  }

  /**
   * @param job gives the configuration of a new execution; without it that is the one of the old execution
   * @throws CodedError EX_ENDING, JOB_ACTIVE, and those of `count`
   */
  async replay(row: ExecutionRow, filter: string, job?: () => Promise<ValidatedJob>): Promise<Replay> {
    const { ex_id, job_id, _status } = row.doc;
    const latest = await this.executions.latestOf(job_id);
    // A recovery that runs may have the slices in hand: what is left is known when it has ended.
    if (isTerminal(_status) && !isTerminal(latest.doc._status))
      throw new CodedError('JOB_ACTIVE', { job_id });
    if ((await this.count(row, filter)) === 0) return { job_id, ex_id, replayed: 0 };
    let ended = row;
    if (!isTerminal(_status)) {
      const replayed = await this.replayActive(ex_id, filter);
      if (replayed !== undefined) return { job_id, ex_id, replayed };
      ended = await this.executions.row(ex_id);
      if (!isTerminal(ended.doc._status)) throw new CodedError('EX_ENDING', { ex_id });
    }
    const { ex_id: newId, slices } = await this.executions.recover(ended, {
      cleanup: 'errors',
      filter,
      ...(job && { job: await job() }),
    });
    return { job_id, ex_id: newId, replayed: slices };
  }

  /** Undefined if the workflow is not running any more. */
  private async replayActive(exId: string, filter: string): Promise<number | undefined> {
    try {
      return await this.deps.engine.replay(exId, { id: uuidv4(), filter });
    } catch (error) {
      if (error instanceof CodedError && error.code === 'EX_NOT_ACTIVE') return undefined;
      throw error;
    }
  }
}

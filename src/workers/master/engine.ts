import { setTimeout as delay } from 'node:timers/promises';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  SearchAttributeType,
  TypedSearchAttributes,
  type SearchAttributePair,
} from '@temporalio/common';
import type { Engine, Wish } from '../../api/engine.js';
import { CodedError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { LedgerSnapshot, LedgerTally, Store } from '../../store/types.js';
import { cut, wellFormed } from '../../text.js';
import {
  MASTER_TASK_QUEUE,
  REPLAY_REFUSED,
  type ExecutionInput,
  type Wanted,
} from '../../workflows/types.js';
import { idleRun } from './idle-run.js';
import { startPause } from './start-pause.js';

/** A workflow task that nobody answers is given to another master after this. */
const WORKFLOW_TASK_TIMEOUT = '5s';
/** Longest that Temporal may take to answer, in ms, where nobody sets a limit. Without one the client waits for ever. */
const ANSWER_MS = 10_000;
/**
 * The same for a replay, in which the workflow asks the store, and for a ledger, for which a master may have to play histories
 * again, one after the other.
 */
const PATIENT_MS = 60_000;
/** Characters of a job's name that Temporal is told, for people: it refuses longer keywords, and large inputs. */
const MAX_NAME = 200;

/** What the API and the reconciler ask of Temporal. */
export class TemporalEngine implements Engine {
  private readonly starting = new Set<string>();
  private stopped = false;

  constructor(
    private readonly client: Client,
    private readonly store: Store,
    private readonly searchAttributes: boolean,
    private readonly kick: () => void,
    private readonly logger: Logger,
  ) {}

  submitted(exId: string): void {
    if (this.starting.has(exId)) return;
    this.starting.add(exId);
    void this.startUntilItIs(exId).finally(() => this.starting.delete(exId));
  }

  async signal(exId: string, wish: Wish, ms: number): Promise<void> {
    const handle = this.client.workflow.getHandle(exId);
    try {
      await this.within(ms, async () => {
        if (wish.signal === 'setWorkers') await handle.signal('setWorkers', wish.workers);
        else if (wish.signal === 'setLogLevel') await handle.signal('setLogLevel', wish.level);
        else await handle.signal(wish.signal);
      });
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw new CodedError('EX_NOT_ACTIVE', { ex_id: exId });
      throw new CodedError('TEMPORAL_UNAVAILABLE', {}, { cause: error });
    }
  }

  async replay(exId: string, request: { id: string; filter: string }): Promise<number> {
    try {
      const handle = this.client.workflow.getHandle(exId);
      return await this.within(PATIENT_MS, () =>
        handle.executeUpdate<number, [typeof request]>('replay', { updateId: request.id, args: [request] }),
      );
    } catch (error) {
      if (isRefusal(error) || error instanceof WorkflowNotFoundError) {
        throw new CodedError('EX_NOT_ACTIVE', { ex_id: exId });
      }
      throw new CodedError('TEMPORAL_UNAVAILABLE', {}, { cause: error });
    }
  }

  async hostsFailed(exId: string, reason: string): Promise<void> {
    const handle = this.client.workflow.getHandle(exId);
    await this.within(ANSWER_MS, () => handle.signal('hostsFailed', reason));
  }

  ledger(exId: string): Promise<LedgerSnapshot | undefined> {
    return this.query(exId, 'ledger', PATIENT_MS);
  }

  tally(exId: string): Promise<LedgerTally | undefined> {
    return this.query(exId, 'tally', ANSWER_MS);
  }

  wanted(exId: string, ms: number): Promise<Wanted | undefined> {
    return this.query(exId, 'wanted', Math.min(ms, ANSWER_MS));
  }

  kickPlacement(): void {
    this.kick();
  }

  /** The workflow as Temporal knows it; undefined if it does not. @throws if Temporal cannot be reached */
  async describe(exId: string): Promise<WorkflowExecutionDescription | undefined> {
    try {
      const handle = this.client.workflow.getHandle(exId);
      return await this.within(ANSWER_MS, () => handle.describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  /** Ends a workflow that goes on although its execution has ended. @throws if Temporal cannot be reached */
  async terminate(exId: string, reason: string): Promise<void> {
    try {
      const handle = this.client.workflow.getHandle(exId);
      await this.within(ANSWER_MS, () => handle.terminate(reason));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  stop(): void {
    this.stopped = true;
  }

  /** @param runId default: the latest run */
  private async query<T>(exId: string, name: string, ms: number, runId?: string): Promise<T | undefined> {
    const handle = this.client.workflow.getHandle(exId, runId);
    try {
      return (await this.within(ms, () => handle.query<T | null>(name))) ?? undefined;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      const idle = await idleRun(handle, error).catch(() => undefined);
      if (!idle) throw new CodedError('TEMPORAL_UNAVAILABLE', {}, { cause: error });
      return idle.before === undefined ? undefined : this.query(exId, name, ms, idle.before);
    }
  }

  private within<T>(ms: number, call: () => Promise<T>): Promise<T> {
    return this.client.withDeadline(Date.now() + ms, call);
  }

  private async startUntilItIs(exId: string): Promise<void> {
    this.kick();
    for (let failures = 1; !this.stopped; failures++) {
      try {
        const row = await this.store.executions.get(exId);
        if (row?.doc._status !== 'pending') return;
        await this.start(exId, row.doc.job_id, row.doc.name);
        return;
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return;
        this.logger.warn({ err: error, ex_id: exId }, 'a workflow could not be started yet');
        await delay(startPause(failures, Math.random()));
      }
    }
  }

  private async start(exId: string, jobId: string, jobName: string): Promise<void> {
    const name = cut(wellFormed(jobName), MAX_NAME);
    const input: ExecutionInput = { exId, jobId, name, searchAttributes: this.searchAttributes };
    await this.within(ANSWER_MS, () =>
      this.client.workflow.start('execution', {
        workflowId: exId,
        taskQueue: MASTER_TASK_QUEUE,
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        staticSummary: name,
        staticDetails: `One execution of job ${jobId}`,
        ...(this.searchAttributes ? { typedSearchAttributes: attributes(jobId, name) } : {}),
      }),
    );
  }
}

/** Whether the workflow, or the store that it asked, said that the execution takes up nothing more. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false;
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  return cause instanceof ApplicationFailure && [REPLAY_REFUSED, 'EX_NOT_ACTIVE'].includes(cause.type ?? '');
}

function attributes(jobId: string, name: string): TypedSearchAttributes {
  const keyword = (key: string, value: string): SearchAttributePair =>
    ({ key: { name: key, type: SearchAttributeType.KEYWORD }, value }) as SearchAttributePair;
  return new TypedSearchAttributes([
    keyword('TemposliceJobId', jobId),
    keyword('TemposliceJobName', name),
    keyword('TemposliceStatus', 'pending'),
  ]);
}

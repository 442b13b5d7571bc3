import { setTimeout as sleep } from 'node:timers/promises';
import { validate as isUuid } from 'uuid';
import { CodedError } from '../../errors.js';
import type { ExecutionStanding, ExecutionStatus } from '../../store/types.js';
import { isTerminal } from '../../store/types.js';
import type { ApiDependencies } from '../dependencies.js';
import type { Wanted } from '../../workflows/types.js';
import type { Wish } from '../engine.js';
import type { ExecutionService } from './executions.js';

/**
 * What a caller wants of a running execution.
 *
 * A verb is a signal to the workflow, which only notes the wish; then the row in the store is read until
 * the workflow has written a settled status there, and that is the answer. A row may be active before its
 * workflow runs (`pending`), and for a moment after it was closed: signals are tried again until the row
 * says which of the two it is.
 *
 * Callers may overtake each other: the workflow does what it was told last, and may never have been what an
 * earlier one wanted. So who waits long asks it what it wants to be now, and waits for that.
 */

/** How often the row is read, in ms; after `EAGER_FOR` ms less often. */
const EAGER_INTERVAL = 25;
const EAGER_FOR = 5_000;
const PATIENT_INTERVAL = 200;
const MAX_SIGNAL_BACKOFF = 500;
/** Pause before a workflow that could not be told its workers is told again, in ms. */
const RETELL_INTERVAL = 1_000;
/** Time for Temporal to take a signal in ms, however little is left: who cannot wait for the end still wants it. */
const LEAST_SIGNAL_MS = 1_000;
/** How often the workflow is asked what it wants to be, in ms: a pause takes as long as its slices. */
const ASK_INTERVAL = 500;

/** Statuses in which a wish is fulfilled. A stop cannot be taken back, so nobody who wanted something else waits for it. */
const FULFILLED = {
  paused: ['paused'],
  running: ['running', 'failing', 'recovering'],
  stopped: [],
} as const satisfies Record<Wanted, ExecutionStatus[]>;

export interface Waiting {
  /** Ends the waiting when the caller is gone. */
  abandoned?: AbortSignal;
  /** Longest time until the settled state, in ms. Default: the setting `actionTimeout`. */
  timeout?: number;
}

export interface Stop {
  /** Waits for the end. */
  blocking: boolean;
  /** Lets nothing come to its end. */
  force: boolean;
}

export type WorkerChange = { add: number } | { remove: number } | { total: number };

/** A wait for one execution, with an end. */
class Deadline {
  private readonly started = Date.now();

  constructor(
    private readonly exId: string,
    private readonly wanted: string,
    private readonly ms: number,
    private readonly abandoned?: AbortSignal,
  ) {}

  /** @throws CodedError TIMED_OUT when the time is up or nobody waits any more */
  async pause(ms: number): Promise<void> {
    const { left } = this;
    if (left <= 0 || this.abandoned?.aborted === true) {
      throw new CodedError('TIMED_OUT', { ex_id: this.exId, ms: this.ms, wanted: this.wanted });
    }
    await sleep(Math.min(ms, left));
  }

  /** In ms. */
  get left(): number {
    return this.started + this.ms - Date.now();
  }

  get interval(): number {
    return Date.now() - this.started < EAGER_FOR ? EAGER_INTERVAL : PATIENT_INTERVAL;
  }
}

export class ControlService {
  constructor(
    private readonly deps: Pick<ApiDependencies, 'store' | 'engine' | 'settings'>,
    private readonly executions: ExecutionService,
  ) {}

  /**
   * Stops an execution; one that ended keeps its status. Not blocking, the answer is there as soon as the
   * execution is stopping, or was about to end anyway. By force, its hosts are killed: slices at hand stay pending in the ledger, and
   * nothing is flushed.
   * @throws CodedError EX_NOT_FOUND, TIMED_OUT, TEMPORAL_UNAVAILABLE
   */
  async stop(exId: string, { blocking, force }: Stop, waiting: Waiting = {}): Promise<ExecutionStatus> {
    const deadline = this.deadline(exId, 'stopped', waiting);
    const { _status: before } = await this.executions.standing(exId);
    if (isTerminal(before)) return before;
    await this.signal(exId, { signal: 'stop' }, deadline);
    if (force) {
      // From here on it gets no new hosts.
      await this.settled(exId, deadline, isEnding);
      await this.deps.store.placement.force(exId);
      this.deps.engine.kickPlacement();
    }
    return this.settled(exId, deadline, (standing) => !blocking && isEnding(standing));
  }

  /**
   * Pauses an execution. If another caller resumes it meanwhile, the answer is what it has come to.
   * @throws CodedError EX_NOT_ACTIVE, ILLEGAL_STATUS, TIMED_OUT, TEMPORAL_UNAVAILABLE
   */
  async pause(exId: string, waiting: Waiting = {}): Promise<ExecutionStatus> {
    const deadline = this.deadline(exId, 'paused', waiting);
    this.refuseStopping(await this.active(exId), 'paused');
    await this.signal(exId, { signal: 'pause' }, deadline);
    const status = await this.fulfilled(exId, deadline, 'paused');
    if (isTerminal(status)) throw illegal(exId, status, 'paused');
    return status;
  }

  /**
   * Lets a paused execution go on. It may come to its end before the answer does, which is then its status; so it
   * is if another caller pauses it meanwhile.
   * @throws CodedError EX_NOT_ACTIVE, ILLEGAL_STATUS, TIMED_OUT, TEMPORAL_UNAVAILABLE
   */
  async resume(exId: string, waiting: Waiting = {}): Promise<ExecutionStatus> {
    const deadline = this.deadline(exId, 'running', waiting);
    this.refuseStopping(await this.active(exId), 'running');
    await this.signal(exId, { signal: 'resume' }, deadline);
    const status = await this.fulfilled(exId, deadline, 'running');
    if (isTerminal(status) && status !== 'completed' && status !== 'failed')
      throw illegal(exId, status, 'running');
    return status;
  }

  /**
   * Changes the number of workers wanted; they come and go later. At least one stays.
   * @returns what is done (`enqueued`, `remove` or `set`) and to how many workers
   * @throws CodedError EX_NOT_ACTIVE, TOO_MANY_REMOVED, TIMED_OUT, TEMPORAL_UNAVAILABLE
   */
  async setWorkers(exId: string, change: WorkerChange): Promise<{ action: string; workers: number }> {
    const deadline = this.deadline(exId, 'told of its workers', {});
    const { executions } = this.deps.store;
    for (;;) {
      const current = (await this.active(exId)).workers_wanted;
      const total = wantedTotal(change, current);
      // Several callers may add at once: each change is made to the number it was computed from.
      if (!(await executions.setWorkersWanted(exId, total, current))) continue;
      try {
        await this.signalWorkers(exId, total, deadline);
      } catch (error) {
        // The caller is told that nothing changed, and an `add` sent again must not count twice.
        await executions.setWorkersWanted(exId, current, total);
        // Temporal may have taken the signal, though nobody heard that it did.
        void this.retellWorkers(exId);
        throw error;
      }
      this.deps.engine.kickPlacement();
      if (total === current) return { action: 'set', workers: total };
      return { action: total > current ? 'enqueued' : 'remove', workers: Math.abs(total - current) };
    }
  }

  /** Signals of several callers may overtake each other: the last one says what the store says. */
  private async signalWorkers(exId: string, total: number, deadline: Deadline): Promise<void> {
    for (let workers = total, told = 0; workers !== told;) {
      await this.signal(exId, { signal: 'setWorkers', workers }, deadline);
      told = workers;
      workers = (await this.executions.standing(exId)).workers_wanted;
    }
  }

  /** Tells the workflow the number in the store, as soon as it can be told. */
  private async retellWorkers(exId: string): Promise<void> {
    for (;;) {
      await sleep(RETELL_INTERVAL, undefined, { ref: false });
      try {
        const { workers_wanted: workers } = await this.executions.standing(exId);
        return await this.signalWorkers(exId, workers, this.deadline(exId, 'told of its workers', {}));
      } catch (error) {
        if (!(error instanceof CodedError && error.retry)) return;
      }
    }
  }

  /** @throws CodedError EX_NOT_ACTIVE, TIMED_OUT, TEMPORAL_UNAVAILABLE */
  async setLogLevel(exId: string, level: string): Promise<void> {
    await this.active(exId);
    await this.signal(
      exId,
      { signal: 'setLogLevel', level },
      this.deadline(exId, 'told of its log level', {}),
    );
  }

  private async active(exId: string): Promise<ExecutionStanding> {
    const standing = isUuid(exId) ? await this.deps.store.executions.standing(exId) : undefined;
    if (standing === undefined || isTerminal(standing._status))
      throw new CodedError('EX_NOT_ACTIVE', { ex_id: exId });
    return standing;
  }

  /** A stop cannot be taken back, so to wait for anything else would be in vain. */
  private refuseStopping({ ex_id: exId, _status }: ExecutionStanding, wanted: string): void {
    if (_status === 'stopping') throw illegal(exId, 'stopping', wanted);
  }

  private deadline(exId: string, wanted: string, { timeout, abandoned }: Waiting): Deadline {
    return new Deadline(exId, wanted, timeout ?? this.deps.settings.actionTimeout, abandoned);
  }

  /** Tells the workflow, as soon as it runs. Comes back also when the execution has ended meanwhile. */
  private async signal(exId: string, wish: Wish, deadline: Deadline): Promise<void> {
    const { engine } = this.deps;
    for (let backoff = EAGER_INTERVAL; ; backoff = Math.min(2 * backoff, MAX_SIGNAL_BACKOFF)) {
      try {
        return await engine.signal(exId, wish, Math.max(deadline.left, LEAST_SIGNAL_MS));
      } catch (error) {
        if (!(error instanceof CodedError && error.code === 'EX_NOT_ACTIVE')) throw error;
      }
      const { _status } = await this.executions.standing(exId);
      if (isTerminal(_status)) return;
      if (_status === 'pending') engine.submitted(exId);
      await deadline.pause(backoff);
    }
  }

  /**
   * The status once it is terminal, or what the workflow was told last.
   * @throws CodedError ILLEGAL_STATUS if it stops, TIMED_OUT
   */
  private async fulfilled(
    exId: string,
    deadline: Deadline,
    wish: Exclude<Wanted, 'stopped'>,
  ): Promise<ExecutionStatus> {
    let wanted: Wanted = wish;
    for (let asked = Date.now(); ;) {
      const { _status } = await this.executions.standing(exId);
      if (_status === 'stopping') throw illegal(exId, _status, wish);
      if (isTerminal(_status) || (FULFILLED[wanted] as readonly string[]).includes(_status)) return _status;
      await deadline.pause(deadline.interval);
      if (Date.now() - asked < ASK_INTERVAL) continue;
      // Without an answer it is waited for what was wanted at first.
      wanted = (await this.deps.engine.wanted(exId, deadline.left).catch(() => undefined)) ?? wanted;
      asked = Date.now();
    }
  }

  /** The status once it is terminal or as wanted. */
  private async settled(
    exId: string,
    deadline: Deadline,
    isWanted: (standing: ExecutionStanding) => boolean,
  ): Promise<ExecutionStatus> {
    for (;;) {
      const standing = await this.executions.standing(exId);
      const { _status } = standing;
      if (isTerminal(_status) || isWanted(standing)) return _status;
      await deadline.pause(deadline.interval);
    }
  }
}

/** Stopping, or at its end anyway: then it wants no workers any more, and its status stays until its hosts have flushed. */
const isEnding = ({ _status, workers_wanted: wanted }: ExecutionStanding): boolean =>
  _status === 'stopping' || wanted === 0;

function wantedTotal(change: WorkerChange, current: number): number {
  if ('total' in change) return change.total;
  if ('add' in change) return current + change.add;
  if (change.remove >= current) throw new CodedError('TOO_MANY_REMOVED', { remove: change.remove, current });
  return current - change.remove;
}

function illegal(exId: string, status: string, wanted: string): CodedError {
  const kind = isTerminal(status) ? 'terminal' : 'running';
  const cause = `Cannot update ${kind} job status of "${status}" to "${wanted}"`;
  return new CodedError('ILLEGAL_STATUS', {
    reason: `Unable to set execution ${exId} status code to ${wanted}, caused by TSError: ${cause}`,
  });
}

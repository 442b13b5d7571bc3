import { setImmediate as macrotask } from 'node:timers/promises';
import { isFatalError, type WorkerExecutionContext, type Slice } from '#job-components';
import type { CurrentSlice } from '../../operations/context.js';
import { describeError } from '../../operations/errors.js';
import { createWorkerContext, type Loaded, type LoadingOptions } from '../../operations/loading.js';
import type { MetricsData } from '../../operations/prom-metrics.js';
import type { ExecutionDocument, SliceTuple } from '../../store/types.js';
import { sliceId } from '../../workflows/slice-id.js';
import { monotonic } from './monotonic.js';
import type { Progress, ProgressWriter } from './progress.js';
import type { FromHost, HostLease } from './protocol.js';
import { collectAfterSlice, growHeapFor } from './heap-growth.js';

/** How often a busy host looks for messages, in ms: trivial slices never leave the microtask queue. */
const LISTEN_EVERY_MS = 50;
/** Slices whose ids are derived together: where slices wait, to derive each alone was up to a tenth of a worker's processor time. */
const IDS_AT_ONCE = 32;

/**
 * Runs the slices of one lease after the other through reader and processors.
 *
 *     idle → running (a slice after the other, each noted in the progress) → leaseEnded → idle → ending
 *
 * After a fatal error (`fatalError`) it starts no further slice and asks its node to end it, as Teraslice's worker ends.
 */
export class WorkerHost {
  private halted = false;
  /** An operation has thrown a fatal error: this process is not to go on. */
  private unfit = false;
  private running: Promise<void> = Promise.resolve();
  /** Attempts of the slice at hand in this host. */
  private attempts = 0;
  private slice: CurrentSlice | undefined;
  /** Whether any slice was completed here. */
  private hasCompleted = false;
  private readonly at: Progress = { lease: 0, ended: 0, failed: 0, since: 0 };

  private constructor(
    private readonly exId: string,
    private readonly loaded: Loaded<WorkerExecutionContext>,
    private readonly send: (message: FromHost) => void,
    private readonly progress: ProgressWriter,
  ) {
    // Counted by hand: the library announces a retry also when there will be none.
    loaded.execution.events.emit('execution:add-to-lifecycle', {
      onOperationStart: (_sliceId: string, index: number) => {
        if (index === 0) this.attempt();
      },
      onOperationComplete: (_sliceId: string, _index: number, records: number) => growHeapFor(records),
    });
  }

  /** @throws whatever loading or initializing an operation throws */
  static async start(
    execution: ExecutionDocument,
    options: LoadingOptions,
    send: (message: FromHost) => void,
    progress: ProgressWriter,
  ): Promise<WorkerHost> {
    const loaded = await createWorkerContext(execution, options);
    await loaded.execution.initialize();
    return new WorkerHost(execution.ex_id, loaded, send, progress);
  }

  metrics(): Promise<MetricsData> {
    return this.loaded.metrics();
  }

  /** Starts no further slice of the lease at hand. */
  halt(): void {
    this.halted = true;
  }

  run(lease: HostLease): Promise<void> {
    this.halted = false;
    this.running = this.runLease(lease);
    return this.running;
  }

  /** Lets the slice at hand finish, flushes stateful operations, shuts all of them down. */
  async end(): Promise<void> {
    this.halt();
    await this.running;
    const { execution } = this.loaded;
    await this.tell('worker:shutdown');
    if (this.hasCompleted) this.send({ type: 'flushing' });
    try {
      // The library does not flush after a failed slice; what operations hold of completed ones would be lost.
      if (execution.sliceState?.status === 'failed' && this.hasCompleted) {
        Object.assign(execution.sliceState, { status: 'completed', position: 1 });
      }
      await execution.flush();
    } finally {
      await execution.shutdown();
    }
  }

  private async runLease(lease: HostLease): Promise<void> {
    const begun = monotonic();
    const records: number[] = [];
    const times: number[] = [];
    const tries = new Map(lease.tries);
    if (lease.logLevel) this.loaded.setLogLevel(lease.logLevel);
    let heard = begun;
    // The lease may be over already, if this process was suspended.
    await macrotask();
    if (this.halted) return this.send({ type: 'leaseEnded', ms: 0, records, times });
    this.note({ lease: lease.number, ended: 0, failed: 0, since: begun });
    let ids: string[] = [];
    for (const [i, tuple] of lease.slices.entries()) {
      if (i % IDS_AT_ONCE === 0) {
        ids = lease.slices.slice(i, i + IDS_AT_ONCE).map((next) => sliceId(this.exId, next));
      }
      const id = ids[i % IDS_AT_ONCE] as string;
      await this.runSlice(i, id, tuple, tries.get(i) ?? 0, records, times);
      collectAfterSlice();
      const now = monotonic();
      if (this.unfit || this.halted || now - begun >= lease.budget) break;
      if (now - heard >= LISTEN_EVERY_MS) {
        heard = now;
        await macrotask();
        if (this.halted) break;
      }
    }
    if (this.unfit) this.send({ type: 'fatal' });
    this.send({ type: 'leaseEnded', ms: monotonic() - begun, records, times });
  }

  private async runSlice(
    i: number,
    id: string,
    tuple: SliceTuple,
    tries: number,
    records: number[],
    times: number[],
  ): Promise<void> {
    const { execution } = this.loaded;
    const slice: Slice = {
      slice_id: id,
      slicer_id: tuple[0],
      slicer_order: tuple[1],
      request: JSON.parse(tuple[2]),
      _created: '',
    };
    this.attempts = 0;
    this.slice = {
      slice_id: slice.slice_id,
      slicer_id: slice.slicer_id,
      slicer_order: slice.slicer_order,
      attempt: tries + 1,
    };
    this.loaded.setCurrentSlice(this.slice);
    let failure: string | undefined;
    try {
      const { analytics } = await execution.runSlice(slice);
      if (analytics) {
        add(records, analytics.size);
        add(times, analytics.time);
      }
    } catch (error) {
      failure = describeError(error);
      this.heed(error);
      await this.hook(() => execution.onSliceFailed());
    }
    await this.hook(() => execution.onSliceFinalizing());
    this.slice = undefined;
    this.loaded.setCurrentSlice(undefined);
    if (failure !== undefined) {
      this.send({ type: 'failed', failure: { i, error: failure, retries: Math.max(0, this.attempts - 1) } });
      this.note({ ended: i + 1, failed: this.at.failed + 1, since: monotonic() });
    } else {
      this.hasCompleted = true;
      this.note({ ended: i + 1, since: monotonic() });
      await this.tell('slice:success', slice);
      this.heed(await this.hook(() => execution.onSliceFinished()));
    }
  }

  private note(progress: Partial<Progress>): void {
    Object.assign(this.at, progress);
    this.progress.note(this.at);
  }

  /** The pipeline starts with the slice at hand, once more or for the first time. */
  private attempt(): void {
    this.attempts++;
    if (this.attempts > 1 && this.slice) {
      this.slice = { ...this.slice, attempt: this.slice.attempt + 1 };
      this.loaded.setCurrentSlice(this.slice);
    }
  }

  private heed(error: unknown): void {
    if (!isFatalError(error)) return;
    this.unfit = true;
    this.loaded.logger.error(error, 'this worker is replaced because of a fatal error');
  }

  /** Says on the emitter of system events what Teraslice's workers say there. */
  private async tell(event: string, ...args: unknown[]): Promise<void> {
    await this.hook(async () => void this.loaded.execution.events.emit(event, ...args));
  }

  /** Hooks after the outcome can no longer change it: what they throw is logged, and returned. */
  private async hook(call: () => Promise<void>): Promise<unknown> {
    try {
      await call();
      return undefined;
    } catch (error) {
      this.loaded.logger.error(error, 'a lifecycle hook failed after the slice had ended');
      return error;
    }
  }
}

function add(sums: number[], more: number[] | undefined): void {
  if (!more) return;
  for (let i = 0; i < more.length; i++) sums[i] = (sums[i] ?? 0) + Math.max(0, more[i] ?? 0);
}

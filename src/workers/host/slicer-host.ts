import type { SlicerExecutionContext, Slice } from '#job-components';
import { describeError } from '../../operations/errors.js';
import { createSlicerContext, type Loaded, type LoadingOptions } from '../../operations/loading.js';
import type { MetricsData } from '../../operations/prom-metrics.js';
import type { ExecutionDocument, SliceTuple } from '../../store/types.js';
import { sliceId } from '../../workflows/slice-id.js';
import {
  SLICER_FAILURES,
  type CreateInput,
  type CreateResult,
  type SliceEvent,
} from '../../workflows/types.js';
import type { FromHost } from './protocol.js';
import { SliceProducer } from './slice-producer.js';

/** Longest time a call waits for a first slice, in ms. */
const IDLE_WAIT_MS = 60_000;
/** The same while somebody listens to events, which come with the next call. */
const IDLE_WAIT_WITH_EVENTS_MS = 1_000;
/** How long a call that has some slices waits for more, in ms, while the workers have enough to do. */
const LINGER_MS = 200;
/** The same while they have not: a slicer that is fast makes thousands in it. */
const LINGER_WHEN_EMPTY_MS = 5;

class SlicerFailure extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Answers the numbered calls of a workflow for slices.
 *
 *     not built → (call) → built, number n → (call n + 1) → built, number n + 1
 *                             ├─ call n: the answer of n again
 *                             └─ any other: built anew from the call, if the slicer is recoverable
 *
 * Slices are made ahead of the calls by a {@link SliceProducer}, which goes on while no call is out.
 */
export class SlicerHost {
  private loaded: Loaded<SlicerExecutionContext> | undefined;
  private producer: SliceProducer | undefined;
  private number = 0;
  private answer: CreateResult | undefined;
  private inProgress: { number: number; result: Promise<CreateResult> } | undefined;
  private confirmed = 0;
  private logLevel: string | null = null;
  private readonly counts = { subslices: 0, subsliceByKey: 0, rangeExpansion: 0 };

  private constructor(
    private readonly execution: ExecutionDocument,
    private readonly options: LoadingOptions,
    private readonly send: (message: FromHost) => void,
  ) {}

  static start(
    execution: ExecutionDocument,
    options: LoadingOptions,
    send: (message: FromHost) => void,
  ): SlicerHost {
    return new SlicerHost(execution, options, send);
  }

  async metrics(): Promise<MetricsData> {
    return (await this.loaded?.metrics()) ?? [];
  }

  /** Answers one call: `created` or `createFailed`. */
  async create(call: number, input: CreateInput): Promise<void> {
    this.setLogLevel(input.logLevel ?? null);
    try {
      this.send({ type: 'created', call, result: await this.resultOf(input) });
    } catch (error) {
      const failure = error instanceof SlicerFailure ? error.type : SLICER_FAILURES.error;
      const message = error instanceof SlicerFailure ? error.message : this.slicerError(error);
      this.send({ type: 'createFailed', call, failure, error: message });
    }
  }

  /** A `slice()` call that is in progress is not waited for: what it makes was not issued. */
  async end(): Promise<void> {
    this.producer?.stop();
    await this.loaded?.execution.shutdown();
  }

  private async resultOf(input: CreateInput): Promise<CreateResult> {
    // Several may wait behind one: each looks again at whether another was before it.
    while (this.inProgress) {
      if (this.inProgress.number === input.number) return this.inProgress.result;
      await this.inProgress.result.catch(() => undefined);
    }
    if (this.answer && input.number === this.number) return this.answer;
    const result = this.produce(input);
    this.inProgress = { number: input.number, result };
    try {
      this.answer = await result;
      this.number = input.number;
      return this.answer;
    } finally {
      this.inProgress = undefined;
    }
  }

  private async produce(input: CreateInput): Promise<CreateResult> {
    if (!this.producer || input.number !== this.number + 1) await this.build(input);
    const { execution } = this.loaded as Loaded<SlicerExecutionContext>;
    const producer = this.producer as SliceProducer;
    this.apply(input);
    execution.onExecutionStats({
      workers: { connected: input.stats.connected, available: 0 },
      slices: { processed: input.stats.processed, failed: input.stats.failed },
    });
    const hooks = this.implemented('onSliceComplete', 'onSliceDispatch');
    const enqueued = this.implemented('onSliceEnqueued');
    const slicer = execution.slicer();
    try {
      const slices = await producer.take(input.wanted, input.queued, {
        idle: hooks ? IDLE_WAIT_WITH_EVENTS_MS : IDLE_WAIT_MS,
        linger: input.queued > 0 ? LINGER_MS : LINGER_WHEN_EMPTY_MS,
      });
      if (enqueued) for (const slice of slices) execution.onSliceEnqueued(this.sliceOf(slice));
      return {
        slices,
        done: producer.exhausted,
        recoverable: slicer.isRecoverable(),
        slicers: slicer.slicers(),
        ...this.counts,
        hooks,
        maxQueueLength: slicer.maxQueueLength(),
        confirmed: this.confirmed,
      };
    } catch (error) {
      // What was taken is not issued, and the slicer is behind it: the next call must build it anew.
      await this.discard();
      throw error;
    }
  }

  /** Builds the slicer, to go on behind the last slices issued. */
  private async build(input: CreateInput): Promise<void> {
    await this.discard();
    let loaded: Loaded<SlicerExecutionContext> | undefined;
    try {
      loaded = await createSlicerContext(this.execution, this.options);
      if (input.last.length > 0 && !loaded.execution.slicer().isRecoverable()) {
        throw new SlicerFailure(
          SLICER_FAILURES.lost,
          `slicer for ex ${this.execution.ex_id} was lost and its reader is not recoverable`,
        );
      }
      await loaded.execution.initialize(recoveryData(input.last) as never);
    } catch (error) {
      await loaded?.execution.shutdown().catch(() => undefined);
      if (error instanceof SlicerFailure) throw error;
      throw new SlicerFailure(SLICER_FAILURES.init, this.slicerError(error));
    }
    const { events } = loaded.execution;
    events.on('slicer:slice:recursion', () => this.counts.subslices++);
    events.on('slicer:subslice', () => this.counts.subsliceByKey++);
    events.on('slicer:slice:range_expansion', () => this.counts.rangeExpansion++);
    this.loaded = loaded;
    if (this.logLevel) loaded.setLogLevel(this.logLevel);
    this.producer = new SliceProducer(loaded.execution.slicer(), input.last);
  }

  private setLogLevel(level: string | null): void {
    if (level === this.logLevel || level === null) return;
    this.logLevel = level;
    this.loaded?.setLogLevel(level);
  }

  private async discard(): Promise<void> {
    this.producer?.stop();
    const { loaded } = this;
    this.producer = undefined;
    this.loaded = undefined;
    try {
      await loaded?.execution.shutdown();
    } catch (error) {
      loaded?.logger.error(error, 'shutting down the slicer failed');
    }
  }

  private slicerError(error: unknown): string {
    return `TSError: slicer for ex ${this.execution.ex_id} had an error, shutting down execution, caused by ${describeError(error)}`;
  }

  /** Tells reader and APIs what became of slices, each event once. */
  private apply(input: CreateInput): void {
    const { execution } = this.loaded as Loaded<SlicerExecutionContext>;
    input.events.forEach((event: SliceEvent, index) => {
      const sequence = input.eventsFrom + index;
      if (sequence <= this.confirmed) return;
      this.confirmed = sequence;
      const slice = this.sliceOf(event[1]);
      if (event[0] === 'dispatch') execution.onSliceDispatch(slice);
      else {
        execution.onSliceComplete({
          slice,
          analytics: {},
          ...(event[2] === undefined ? {} : { error: event[2] }),
        } as never);
      }
    });
  }

  /** Whether the reader or an API has one of these hooks. */
  private implemented(...hooks: string[]): boolean {
    const { execution } = this.loaded as Loaded<SlicerExecutionContext>;
    return execution.getOperations().some((operation) => hooks.some((hook) => hook in operation));
  }

  private sliceOf(tuple: SliceTuple): Slice {
    return {
      slice_id: sliceId(this.execution.ex_id, tuple),
      slicer_id: tuple[0],
      slicer_order: tuple[1],
      request: JSON.parse(tuple[2]),
      _created: '',
    };
  }
}

/** What `initialize` gets, as in Teraslice: one entry a slicer, up to the highest that issued anything. */
function recoveryData(last: CreateInput['last']): Array<{ slicer_id: number; lastSlice?: unknown }> {
  const bySlicer = new Map(last.map(([slicer, , request]) => [slicer, JSON.parse(request) as unknown]));
  const highest = Math.max(-1, ...bySlicer.keys());
  return Array.from({ length: highest + 1 }, (_, id) => ({ slicer_id: id, lastSlice: bySlicer.get(id) }));
}

import * as wf from '@temporalio/workflow';
import { slicer, waitingRoom } from './calls.js';
import type { Ledger } from './ledger.js';
import { SliceEvents } from './slice-events.js';
import type { CreateInput, CreateResult, SlicerState } from './types.js';
import type { Tuning } from './tuning.js';
import { SLICER_FAILURES } from './types.js';

/** Longest pause before a slicer is looked for again, in ms. */
const MAX_PAUSE_MS = 30_000;

/** What the run that owns the client hears of it. */
interface Listener {
  answered(): void;
  failed(reason: string): void;
  changed(): void;
}

const fresh = (): SlicerState => ({
  epoch: 0,
  number: 0,
  done: false,
  recoverable: null,
  queuingComplete: null,
  slicers: 0,
  subslices: 0,
  subsliceByKey: 0,
  rangeExpansion: 0,
  pages: [],
  maxQueueLength: null,
  hooks: false,
  confirmed: 0,
  events: [],
  eventSeq: 0,
  errors: 0,
});

/**
 * The workflow's side of the slicer.
 *
 *     idle → asking → (answer) → idle
 *               └──→ (nobody there, or died) → finding → asking, with the same number
 *
 * At most one call is out. Calls are numbered, and the number only rises with an answer that counted, so
 * an answer that got lost is given again, and two hosts that both think they are the slicer can never
 * both be believed.
 */
export class SlicerClient {
  readonly state: SlicerState;
  /** What its host is told with the next call. */
  readonly events: SliceEvents;
  /** A call for slices is out: its answer will be taken up. */
  private awaited = false;
  /** Times in a row that nobody was where the slicer should be. */
  private missed = 0;
  private asking = false;
  private scope: wf.CancellationScope | undefined;
  private logLevel: string | null = null;

  constructor(
    private readonly exId: string,
    private readonly ledger: Ledger,
    state: SlicerState | undefined,
    private readonly listener: Listener,
    private readonly tuning: Tuning,
  ) {
    this.state = state ?? fresh();
    this.events = new SliceEvents(this.state);
  }

  /** True when no slices are to be had from it any more. */
  get done(): boolean {
    return this.state.done && this.state.pages.length === 0;
  }

  /** It will not be asked at all. */
  skip(): void {
    this.state.done = true;
  }

  get hooks(): boolean {
    return this.state.hooks;
  }

  /** Most slices that may be queued, as the reader wants it. */
  get maxQueueLength(): number {
    return this.state.maxQueueLength ?? Infinity;
  }

  /** So many events wait that no more slices should be taken up. */
  get overfull(): boolean {
    return this.events.waiting > this.tuning.maxEvents;
  }

  /** Slices are on their way. */
  get awaitsSlices(): boolean {
    return this.awaited;
  }

  /** Asks for slices unless a call is out already. */
  ask(wanted: CreateInput['wanted'], workers: number): void {
    if (this.asking) return;
    this.asking = true;
    this.awaited = wanted.slices > 0;
    void (async () => {
      try {
        await this.call(wanted, workers);
      } finally {
        this.asking = false;
        this.awaited = false;
        this.listener.changed();
      }
    })();
  }

  /** The level goes with every call from now on; the one that is out is made again with it. */
  setLogLevel(level: string): void {
    this.logLevel = level;
    this.detach();
  }

  /** Lets go of the call that is out, if any. */
  detach(): void {
    this.scope?.cancel();
  }

  private async call(wanted: CreateInput['wanted'], workers: number): Promise<void> {
    const { state } = this;
    if (state.epoch === 0) await this.find();
    const input: CreateInput = {
      exId: this.exId,
      number: state.number + 1,
      last: this.ledger.lastMade(),
      wanted,
      queued: this.ledger.queued,
      stats: { connected: workers, processed: this.ledger.processed, failed: this.ledger.failed },
      events: this.events.first(this.tuning.eventsPerCall),
      eventsFrom: this.events.from,
      ...(this.logLevel ? { logLevel: this.logLevel } : {}),
    };
    this.scope = new wf.CancellationScope({ cancellable: true });
    try {
      const result = await this.scope.run(() => slicer(this.exId, state.epoch).createSlices(input));
      this.accept(result);
    } catch (error) {
      if (wf.isCancellation(error)) return;
      await this.failed(error);
    } finally {
      this.scope = undefined;
    }
  }

  private accept(result: CreateResult): void {
    const { state } = this;
    state.number++;
    state.errors = 0;
    state.deaths = 0;
    this.missed = 0;
    state.recoverable = result.recoverable;
    state.slicers = result.slicers;
    state.subslices = result.subslices;
    state.subsliceByKey = result.subsliceByKey;
    state.rangeExpansion = result.rangeExpansion;
    state.hooks = result.hooks;
    state.maxQueueLength = result.maxQueueLength;
    this.events.confirm(result.confirmed);
    // Where somebody listens, what is told of slices takes more room than the slices, and is counted as it is.
    if (result.hooks) this.ledger.packs(1);
    else if (result.packing !== undefined) this.ledger.packs(result.packing);
    this.ledger.issue(result.slices);
    // Pages of an earlier answer may be there still: this call then only brought events.
    state.pages.push(...(result.pages ?? []));
    this.ledger.made(result.last ?? []);
    if (result.done && !state.done) {
      state.done = true;
      state.queuingComplete = Date.now();
    }
    this.listener.answered();
  }

  private async failed(error: unknown): Promise<void> {
    if (this.state.done) {
      // All slices are there: that nobody can be told of their ends is no reason to fail.
      this.events.forget();
      return;
    }
    const cause = error instanceof wf.ActivityFailure ? error.cause : error;
    const type = cause instanceof wf.ApplicationFailure ? cause.type : undefined;
    const message = cause instanceof Error ? cause.message : String(cause);
    // What could be built once may be built again after an outage.
    const wasBuilt = this.state.number > 0;
    const fails = type === SLICER_FAILURES.error || (type === SLICER_FAILURES.init && wasBuilt);
    if (type === SLICER_FAILURES.lost || type === SLICER_FAILURES.tooLarge) {
      this.listener.failed(message);
    } else if (type === SLICER_FAILURES.init && !wasBuilt) {
      this.listener.failed(message);
    } else if (fails) {
      this.state.errors++;
      if (this.state.recoverable === false || this.state.errors >= this.tuning.maxSlicerErrors)
        this.listener.failed(message);
      else await wf.sleep(500 * 2 ** this.state.errors);
    } else if (type === SLICER_FAILURES.died) await this.died(message);
    else {
      // Where nobody answers it took its time to notice; a node that answers that nobody is there does so at once.
      await this.findAfter(cause instanceof wf.TimeoutFailure ? 0 : ++this.missed);
    }
  }

  /** A slicer may end its process each time that it is asked: that it died must not be overlooked for ever. */
  private async died(message: string): Promise<void> {
    const deaths = (this.state.deaths ?? 0) + 1;
    this.state.deaths = deaths;
    if (deaths < this.tuning.maxSlicerDeaths) await this.findAfter(deaths);
    else this.listener.failed(`${message}, ${deaths} times in a row`);
  }

  /** Asks placement where the slicer is to be found, not at once if it was in vain `times` times in a row. */
  private async findAfter(times: number): Promise<void> {
    if (times > 1) await wf.sleep(Math.min(500 * 2 ** (times - 1), MAX_PAUSE_MS));
    await this.find();
  }

  private async find(): Promise<void> {
    this.state.epoch = (await waitingRoom.findSlicer({ exId: this.exId })).epoch;
  }
}

import * as wf from '@temporalio/workflow';
import type { Counters, LedgerSnapshot, LedgerTally } from '../store/types.js';
import { backOff } from './back-off.js';
import { leases, master, patientMaster, sinks } from './calls.js';
import { overBudget } from './failure-budget.js';
import { Ledger } from './ledger.js';
import { LeaseSizing } from './lease-sizing.js';
import { Overtime } from './overtime.js';
import { ParkedSlices } from './parked-slices.js';
import { countersOf, detailsOf, verdictOf } from './report.js';
import { Probation } from './probation.js';
import { SlicerClient } from './slicer-client.js';
import { MAX_BATCH_BYTES, MAX_STATE_BYTES } from './state-size.js';
import { StatusLog } from './status-log.js';
import { TUNING, tuningOf, type Tuning } from './tuning.js';
import { REPLAY_REFUSED } from './types.js';
import type {
  Carried,
  CollectResult,
  ExecutionInput,
  ExecutionSettings,
  FailedSliceInput,
  ReplayRequest,
  RunningSlice,
  SliceEvent,
  SliceTuple,
  Wanted,
} from './types.js';

/** Batches for which an answer of the slicer needs room: its slices, or the last ones of all its slicers. */
const ANSWER_BATCHES = 2;

/** Runs that began before there was a pause know none. */
const dueAgain = (tries: number): number =>
  wf.patched('back-off') ? Date.now() + backOff(tries, Math.random()) : 0;

/** What an activity failed with; undefined if nobody has said it. */
function messageOf(error: unknown): string | undefined {
  const cause = error instanceof wf.ActivityFailure ? error.cause : error;
  return cause instanceof wf.ApplicationFailure ? cause.message : undefined;
}

/**
 * One run of the workflow of an execution.
 *
 *     claim → (find slicer) → initializing → [recovering →] running ⇄ paused → finish → closed
 *                                                  failing ↗     ↘ stopping ↗
 *
 * Whatever happens (a signal, an answer, a loss) changes state and wakes {@link main}, which then starts
 * what can be started: leases while fewer than the limit are out, a call to the slicer while the queue is
 * short, a page of recovered slices. Pausing and stopping cancel all leases: one that was started ends with
 * its slice and returns its counts as ever, one that was not goes back in front. Nothing waits for a slice
 * longer than its lease: what outlasts it is `running` and collected at its node. When leases have come
 * back and the history is long, the run is continued as new with the ledger.
 */
export class ExecutionRun {
  private settings: ExecutionSettings | undefined;
  private tuning: Tuning = tuningOf(undefined);
  private sizing = new LeaseSizing(this.tuning);
  private ledger = new Ledger(0);
  private slicer: SlicerClient | undefined;
  private parked: ParkedSlices | undefined;
  private readonly log: StatusLog;
  private wanted: Wanted = 'running';
  private workers = 0;
  private lastLease = 0;
  private msPerSlice = 0;
  private started = 0;
  /** Slices of an earlier execution are still to be done. */
  private replaying = false;
  /** Requests to take failed slices up again that are not answered yet. */
  private replays = 0;
  /** Failures on their way into the store. */
  private recordings = 0;
  /** The end has begun: nothing is taken up any more. */
  private closing = false;
  private fatal: string | null = null;
  /** It cannot or must not go on: what is pending stays so. */
  private abandoned = false;
  private logLevel: string | null = null;
  private probation: Probation | undefined;
  private changed = false;
  private readonly leaseScopes = new Map<number, wf.CancellationScope>();
  private readonly overtime: Overtime;

  constructor(private readonly input: ExecutionInput) {
    const { carried } = input;
    const wake = (): void => this.wake();
    this.log = new StatusLog(input, () => this.counters(), wake, carried);
    this.overtime = new Overtime(input.exId, (running, result) => this.collected(running, result), wake);
    if (!carried) return;
    this.begin(carried.settings, carried);
    this.wanted = carried.wanted;
    this.workers = carried.workers;
    this.lastLease = carried.lease;
    this.msPerSlice = carried.msPerSlice;
    this.started = carried.started;
    this.replaying = carried.replaying;
    this.fatal = carried.fatal;
    this.abandoned = carried.abandoned;
    this.logLevel = carried.logLevel;
  }

  want(wanted: Wanted): void {
    if (this.wanted === 'stopped') return;
    this.wanted = wanted;
    this.wake();
  }

  wants(): Wanted {
    return this.wanted;
  }

  setWorkers(workers: number): void {
    this.workers = workers;
    this.wake();
  }

  setLogLevel(level: string): void {
    this.logLevel = level;
    this.slicer?.setLogLevel(level);
  }

  /** Nothing more is issued; what is pending is done before the execution ends `failed`. */
  fail(reason: string): void {
    this.fatal ??= reason;
    // The slicer is asked no more, so nothing can be told either.
    this.slicer?.forgetEvents();
    this.wake();
  }

  /** @throws ApplicationFailure REPLAY_REFUSED */
  refuseReplay(): void {
    if (this.settings && !this.closing && this.wanted !== 'stopped' && this.fatal === null) return;
    throw wf.ApplicationFailure.nonRetryable('the execution takes up nothing more', REPLAY_REFUSED);
  }

  /** Takes failed slices up again: from here on they are pending. Answers how many there are. */
  async replay(request: ReplayRequest): Promise<number> {
    this.replays++;
    try {
      // A failure that is written late, and once more, must not meet its slice taken up again already.
      await wf.condition(() => this.recordings === 0);
      const { from, to, base } = await master.takeFailures({ exId: this.input.exId, ...request });
      this.ledger.reopen(this.parked?.extend(to, base ?? (this.parked.end || from)) ?? 0);
      if (this.ledger.failed === 0 && this.log.status === 'failing') this.log.move('running');
      return to - from;
    } finally {
      this.replays--;
      this.wake();
    }
  }

  /**
   * The operations cannot be started, on any node that tried. Once slices have been processed that is an
   * outage, which may pass: hosts are tried again and again.
   */
  hostsFailed(reason: string): void {
    if (this.ledger.processed > 0) return;
    this.abandon(reason);
  }

  /** As {@link snapshot}, without the slices. */
  tally(): LedgerTally | null {
    return this.settings ? this.ledger.tally() : null;
  }

  /** Null before the execution was claimed: then there is nothing to say that its row does not say. */
  snapshot(): LedgerSnapshot | null {
    if (!this.settings) return null;
    return {
      ...this.ledger.tally(),
      pending: this.ledger.owed(),
      started: this.ledger.begun,
      last: this.ledger.lastMade(),
      slicerDone: this.slicerDone(),
      pages: this.slicer?.state.pages ?? [],
      recoveredPosition: this.parked?.position ?? null,
      recoveredEnd: this.parked?.end ?? 0,
      recoverable: this.slicer?.recoverable ?? null,
    };
  }

  async run(): Promise<string> {
    if (!this.settings) {
      const settings = await master.claimExecution({ exId: this.input.exId });
      if (!settings) return 'not claimed';
      this.begin(settings);
      this.log.claimed();
      this.started = Date.now();
      this.log.move('initializing');
      if (this.replaying) this.log.move('recovering');
    }
    this.probation?.watch();
    await this.main();
    return this.finish();
  }

  private begin(settings: ExecutionSettings, carried?: Carried): void {
    this.settings = settings;
    this.tuning = tuningOf(settings.tuning);
    this.sizing = new LeaseSizing(this.tuning);
    this.ledger = new Ledger(settings.maxRetries, carried?.ledger, dueAgain);
    this.slicer = new SlicerClient(
      this.input.exId,
      this.ledger,
      carried?.slicer,
      {
        answered: () => {
          if (this.log.status === 'initializing') this.log.move('running');
          this.wake();
        },
        failed: (reason) => this.fail(reason),
        changed: () => this.wake(),
      },
      this.tuning,
    );
    const parked = carried ?? { recoveredPosition: settings.recovery ? 0 : null };
    this.parked = new ParkedSlices(
      this.input.exId,
      this.ledger,
      this.slicer.state,
      () => this.wake(),
      this.tuning,
      parked,
    );
    // `running` again once a window passed with work done and no failure.
    const passed = (): void => {
      if (this.log.status === 'failing') this.log.move('running');
    };
    this.probation = new Probation(settings.probationWindow, this.ledger, passed, carried?.probation);
    const level = carried?.logLevel ?? this.logLevel;
    if (level) this.slicer.setLogLevel(level);
    if (carried) return;
    this.workers ||= settings.workers;
    if (settings.recovery) {
      this.ledger.startFrom(settings.recovery.last);
      this.replaying = true;
      if (settings.recovery.replayOnly || settings.recovery.slicerDone) this.slicer.skip();
    }
  }

  private async main(): Promise<void> {
    while (!this.ended()) {
      this.advance();
      if (this.ended()) return;
      if (this.mustContinue() && this.quiet()) await this.continueAsNew();
      const retryIn = this.wanted === 'running' ? this.ledger.nextRetryIn(Date.now()) : undefined;
      if (retryIn) await wf.condition(() => this.changed, retryIn);
      else await wf.condition(() => this.changed);
      this.changed = false;
    }
  }

  /** Starts whatever can be started now. */
  private advance(): void {
    if (this.wanted === 'stopped') {
      this.log.move('stopping');
      this.cancelLeases();
      this.slicer?.detach();
    } else if (this.abandoned) {
      this.cancelLeases();
      this.slicer?.detach();
    } else if (this.wanted === 'paused') {
      this.cancelLeases();
      if (this.ledger.leased === 0) this.log.move('paused');
    } else {
      if (this.log.status === 'paused') this.resumed();
      if (!this.slicer?.overfull && this.mayTakeUp(1)) this.parked?.takeUp(this.queueBytes / 2);
      // What was not started would keep a run going whose workers are all busy with long slices.
      if (this.mustContinue()) this.cancelLeases();
      else this.issueLeases();
      this.askSlicer();
    }
    for (const running of this.ledger.running) this.overtime.collect(running);
    this.report();
  }

  private issueLeases(): void {
    if (this.ledger.queued === 0 && this.ledger.nextRetryIn(0) === undefined) return;
    const limit = this.sizing.maxLeases(this.workers);
    const bytes = Math.min(Math.max(Math.floor((2 * this.queueBytes) / limit), 1), MAX_BATCH_BYTES);
    while (this.ledger.leased < limit) {
      const size = this.nextLeaseSize(bytes);
      if (size === undefined) return;
      const id = this.lastLease + 1;
      const slices = this.ledger.lease(id, size, bytes, Date.now());
      if (!slices) return;
      this.lastLease = id;
      for (const slice of slices) this.tell(['dispatch', slice]);
      void this.runLease(id, slices);
    }
  }

  /** Slices for the next lease, 0 for those of a retry alone; undefined if there must be none now. */
  private nextLeaseSize(leaseBytes: number): number | undefined {
    const { ledger, slicer } = this;
    if (slicer?.hooks) {
      if (this.room() < MAX_BATCH_BYTES) {
        // What is out or waits to be told will make room. A lease adds to what there is to tell.
        if (ledger.leased > 0 || ledger.running.length > 0 || slicer.eventsWaiting) return;
        if (ledger.begun > 0) return 0;
      }
    } else if (ledger.notedBytes > MAX_BATCH_BYTES && ledger.begun > 0) return 0;
    return this.sizing.size({
      msPerSlice: this.msPerSlice,
      queued: ledger.queued,
      most: Math.floor(
        Math.min(leaseBytes / ledger.meanQueuedBytes, (slicer?.maxQueueLength ?? Infinity) / 2),
      ),
      leased: ledger.leased,
      workers: this.workers,
      endInSight: slicer?.done ?? false,
    });
  }

  private async runLease(id: number, slices: SliceTuple[]): Promise<void> {
    const scope = new wf.CancellationScope({ cancellable: true });
    this.leaseScopes.set(id, scope);
    const tries = this.ledger.triesOf(slices);
    const budget = this.sizing.budget(this.workers);
    try {
      const result = await scope.run(() =>
        leases(this.input.exId, slices, budget).processSlices({
          exId: this.input.exId,
          lease: id,
          slices,
          budget,
          expected: Math.min(Math.round(this.msPerSlice * slices.length), budget),
          ...(tries.length > 0 ? { tries } : {}),
          ...(this.logLevel ? { logLevel: this.logLevel } : {}),
        }),
      );
      const failures = this.ledger.failuresOf(id, result);
      if (failures.length > 0 && !(await this.recordFailures(failures))) return this.ledger.cut(id);
      this.msPerSlice = this.sizing.smoothedMsPerSlice(this.msPerSlice, result.done, result.ms);
      this.tellEnds(slices.slice(0, result.done), result.failed);
      this.tellFailures(failures.slice(result.failed.length));
      this.ledger.settle(id, result);
      if (failures.length > 0) this.sliceFailed();
    } catch (error) {
      if (wf.isCancellation(error)) this.ledger.returned(id);
      else {
        const failures = this.ledger.lost(id, Date.now(), messageOf(error) ?? 'no node answered for it');
        if (failures.length > 0) {
          if (!(await this.recordFailures(failures))) return this.ledger.cut(id);
          this.tellFailures(failures);
          this.ledger.settleLost(id);
          this.sliceFailed();
        }
      }
    } finally {
      this.leaseScopes.delete(id);
      this.wake();
    }
  }

  private async collected(running: RunningSlice, result: CollectResult): Promise<void> {
    if (this.cutShort(result)) {
      // Runs that began before it was remembered asked again, at once.
      if (wf.patched('cut-short-once')) this.overtime.leave(running);
      return;
    }
    const failure = this.ledger.failureOfCollected(running, result);
    if (failure && !(await this.recordFailures([failure]))) return this.overtime.leave(running);
    if (failure) this.tellFailures([failure]);
    else if (result.outcome === 'completed') this.tellEnds([running.slice], []);
    this.ledger.collected(running, result);
    if (failure) this.sliceFailed();
  }

  /** A slice that a stop ended stays `running` in the ledger: a recovery tells it from what was never begun. */
  private cutShort({ outcome }: CollectResult): boolean {
    return this.wanted === 'stopped' && (outcome === 'ended' || outcome === 'unknown');
  }

  /** False: the store will not have them. What is not recorded cannot be counted, so that nothing goes on. */
  private async recordFailures(slices: FailedSliceInput[]): Promise<boolean> {
    if (this.replays > 0) await wf.condition(() => this.replays === 0);
    this.recordings++;
    try {
      await master.recordFailures({ exId: this.input.exId, slices, read: this.parked?.read ?? 0 });
      return true;
    } catch (error) {
      this.abandon(messageOf(error) ?? 'failed slices cannot be stored');
      return false;
    } finally {
      this.recordings--;
    }
  }

  private tellEnds(slices: SliceTuple[], failed: Array<{ i: number; error: string }>): void {
    const errors = new Map(failed.map(({ i, error }) => [i, error]));
    slices.forEach((slice, i) => this.tell(['complete', slice, errors.get(i)]));
  }

  private tellFailures(failures: FailedSliceInput[]): void {
    for (const { slice, error } of failures) this.tell(['complete', slice, error]);
  }

  private tell(event: SliceEvent): void {
    if (this.slicer?.hooks && this.fatal === null) this.slicer.event(event);
  }

  private askSlicer(): void {
    const { slicer, ledger } = this;
    if (!slicer || this.fatal !== null) return;
    if (slicer.state.done || slicer.state.pages.length > 0) {
      if (slicer.eventsWaiting) slicer.ask({ slices: 0, bytes: 0 }, this.workers);
      return;
    }
    // What an earlier execution left comes first: a slicer may rely on it being done.
    if (this.replaying && (this.parked?.position !== null || ledger.pending > 0)) return;
    this.replaying = false;
    if (this.log.status === 'recovering') this.log.move('running');
    const full = slicer.overfull
      ? 0
      : Math.min(this.sizing.wantedQueue(this.msPerSlice, this.workers), slicer.maxQueueLength);
    const bytes = this.queueBytes - ledger.queuedBytes;
    const short = ledger.queued * 2 <= full && ledger.queued < full;
    if (short && bytes > this.queueBytes / 4 && this.mayTakeUp(ANSWER_BATCHES)) {
      slicer.ask({ slices: full - ledger.queued, bytes: Math.min(bytes, MAX_BATCH_BYTES) }, this.workers);
    } else if (slicer.eventsWaiting) {
      slicer.ask({ slices: 0, bytes: 0 }, this.workers);
    }
  }

  /** Bytes that the queue may hold, before compression. */
  private get queueBytes(): number {
    return this.tuning.maxQueuedBytes / this.ledger.packing;
  }

  /** Bytes that may still be held, when what is on its way will have been taken up. */
  private room(): number {
    const { slicer, parked, ledger } = this;
    const coming = (slicer?.awaitsSlices ? ANSWER_BATCHES : 0) + (parked?.reading ? 1 : 0);
    return MAX_STATE_BYTES - ledger.bytes - (slicer?.eventBytes ?? 0) - coming * MAX_BATCH_BYTES;
  }

  /**
   * Whether there is room for so many batches. Where somebody listens to what becomes of them, a lease will need room
   * of its own for what there is to tell.
   */
  private mayTakeUp(batches: number): boolean {
    return this.room() >= MAX_BATCH_BYTES * (batches + (this.slicer?.hooks ? 1 : 0));
  }

  /** Whether the slicer came to its end, in this execution or in the one it goes on from. */
  private slicerDone(): boolean {
    const recovery = this.settings?.recovery;
    return recovery?.replayOnly ? recovery.slicerDone : (this.slicer?.state.done ?? false);
  }

  private cancelLeases(): void {
    for (const scope of this.leaseScopes.values()) scope.cancel();
  }

  private get persistent(): boolean {
    return this.settings?.lifecycle === 'persistent';
  }

  private showFailing(): void {
    const why = this.persistent ? 'slice failure watch dog' : 'slice failure event';
    this.log.move(
      'failing',
      `execution ${this.input.exId} has encountered a processing error, reason: ${why}`,
    );
  }

  /** Slices may have failed before the pause, or in it: those that outlasted their lease go on. */
  private resumed(): void {
    if (this.persistent ? this.probation?.state : this.ledger.failed > 0) this.showFailing();
    else this.log.move('running');
  }

  /** A slice was recorded as failed: the execution goes on, `failing`. */
  private sliceFailed(): void {
    const { status } = this.log;
    if (status === 'running' || status === 'recovering') this.showFailing();
    const limit = this.settings?.maxFailedSlices;
    if (overBudget(limit, this.ledger)) {
      this.abandon(`${this.ledger.failed} slices failed, more than max_failed_slices (${limit}) allows`);
    }
    if (this.persistent) this.probation?.begin();
  }

  /** Ends at once, `failed`: what is pending stays so. */
  private abandon(reason: string): void {
    this.abandoned = true;
    this.fail(reason);
  }

  private ended(): boolean {
    if (!this.settings || this.replays > 0) return false;
    if (this.wanted === 'stopped') return this.log.status === 'stopping' && this.ledger.leased === 0;
    if (this.abandoned) return this.ledger.leased === 0;
    if (this.parked?.position !== null || this.parked.reading || this.ledger.pending > 0) return false;
    if (this.fatal !== null) return this.slicer?.state.pages.length === 0;
    return this.slicer?.done === true && !this.slicer.eventsWaiting;
  }

  /** Ends the hosts, waits for what they still answer, and closes the execution in the store. */
  private async finish(): Promise<string> {
    const { exId } = this.input;
    this.closing = true;
    const stopped = this.wanted === 'stopped';
    this.collectLast();
    const hosts = await patientMaster.finishHosts({ exId });
    await this.lastOutcomes();
    const { status, reason } = verdictOf(exId, this.ledger, {
      stopped,
      fatal: this.fatal,
      failedFlushes: hosts.failed,
      lostHosts: this.settings?.stateful ? hosts.lost : 0,
    });
    await master.closeExecution({
      exId,
      seq: await this.log.close(status),
      status,
      failureReason: reason,
      counters: this.counters(),
      ledger: this.snapshot() as LedgerSnapshot,
    });
    return status;
  }

  /** What outlasted the last leases ends, if it does, while hosts are ended; {@link main} has not asked for it. */
  private collectLast(): void {
    const { running } = this.ledger;
    if (running.length === 0 || !wf.patched('collect-last')) return;
    for (const slice of running) this.overtime.collect(slice);
  }

  /** What is not known of a slice when this is over stays so: it is pending, as one that was cut short. */
  private async lastOutcomes(): Promise<void> {
    const { lateOutcomesMs } = this.tuning;
    const known = (): boolean => this.overtime.size === 0;
    if (lateOutcomesMs === 0) await wf.condition(known);
    else if (!known() && !(await wf.condition(known, lateOutcomesMs))) this.overtime.close();
  }

  private counters(): Counters {
    const { ledger, slicer, started, workers } = this;
    return countersOf(ledger, slicer?.state, { started, workers });
  }

  private report(): void {
    sinks.counters.report(this.input.exId, this.log.nextCounters(), this.counters());
    const { workers, fatal } = this;
    const { status } = this.log;
    wf.setCurrentDetails(detailsOf(this.input, this.ledger, { status, workers, fatal }));
  }

  private mustContinue(): boolean {
    const info = wf.workflowInfo();
    return info.continueAsNewSuggested || info.historyLength > this.sizing.maxHistoryEvents(this.workers);
  }

  private quiet(): boolean {
    return this.ledger.leased === 0 && this.replays === 0 && !this.log.busy && !this.parked?.reading;
  }

  private async continueAsNew(): Promise<never> {
    await wf.continueAsNew<(input: ExecutionInput) => Promise<string>>({
      ...this.input,
      carried: {
        settings: this.settingsToCarry(),
        ledger: this.ledger.state(),
        wanted: this.wanted,
        workers: this.workers,
        ...this.log.state(),
        lease: this.lastLease,
        msPerSlice: this.msPerSlice,
        started: this.started,
        slicer: (this.slicer as SlicerClient).state,
        ...(this.parked as ParkedSlices).state(),
        replaying: this.replaying,
        fatal: this.fatal,
        abandoned: this.abandoned,
        logLevel: this.logLevel,
        probation: this.probation?.state ?? null,
      },
    });
    throw new Error('unreachable: continueAsNew does not return');
  }

  /** With the numbers of today. Where the slicers of an earlier execution were is in the ledger, too. */
  private settingsToCarry(): ExecutionSettings {
    const settings = { ...(this.settings as ExecutionSettings), tuning: TUNING };
    const { recovery } = settings;
    return recovery ? { ...settings, recovery: { ...recovery, last: [] } } : settings;
  }

  private wake(): void {
    this.changed = true;
  }
}

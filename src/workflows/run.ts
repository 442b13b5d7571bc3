import * as wf from '@temporalio/workflow';
import type { Counters, LedgerSnapshot, LedgerTally } from '../store/types.js';
import { master, patientMaster, sinks } from './calls.js';
import { overBudget } from './failure-budget.js';
import { makeParts, type Parts } from './parts.js';
import { countersOf, detailsOf, snapshotOf, verdictOf } from './report.js';
import { MAX_BATCH_BYTES } from './state-size.js';
import { StatusLog } from './status-log.js';
import { TUNING } from './tuning.js';
import { REPLAY_REFUSED } from './types.js';
import type { Carried, ExecutionInput, ExecutionSettings, ReplayRequest, Wanted } from './types.js';

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
  /** Undefined until the execution is claimed. */
  private parts: Parts | undefined;
  private readonly log: StatusLog;
  private wanted: Wanted = 'running';
  private workers = 0;
  private started = 0;
  /** Slices of an earlier execution are still to be done. */
  private recovering = false;
  /** The end has begun: nothing is taken up any more. */
  private closing = false;
  private fatal: string | null = null;
  /** It cannot or must not go on: what is pending stays so. */
  private abandoned = false;
  private logLevel: string | null = null;
  private changed = false;

  constructor(private readonly input: ExecutionInput) {
    const { carried } = input;
    this.log = new StatusLog(
      input,
      () => this.counters(),
      () => this.wake(),
      carried,
    );
    if (!carried) return;
    this.wanted = carried.wanted;
    this.workers = carried.workers;
    this.started = carried.started;
    this.recovering = carried.replaying;
    this.fatal = carried.fatal;
    this.abandoned = carried.abandoned;
    this.logLevel = carried.logLevel;
    this.begin(carried.settings, carried);
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
    this.parts?.slicer.setLogLevel(level);
  }

  /** @throws ApplicationFailure REPLAY_REFUSED */
  refuseReplay(): void {
    if (this.parts && !this.closing && this.wanted !== 'stopped' && this.fatal === null) return;
    throw wf.ApplicationFailure.nonRetryable('the execution takes up nothing more', REPLAY_REFUSED);
  }

  /** Takes failed slices up again: from here on they are pending. Answers how many there are. */
  replay(request: ReplayRequest): Promise<number> {
    return this.claimed.failedSlices.replay(request);
  }

  /**
   * The operations cannot be started, on any node that tried. Once slices have been processed that is an
   * outage, which may pass: hosts are tried again and again.
   */
  hostsFailed(reason: string): void {
    if (this.parts && this.parts.ledger.processed > 0) return;
    this.abandon(reason);
  }

  /** As {@link snapshot}, without the slices. */
  tally(): LedgerTally | null {
    return this.parts?.ledger.tally() ?? null;
  }

  /** Null before the execution was claimed: then there is nothing to say that its row does not say. */
  snapshot(): LedgerSnapshot | null {
    return this.parts ? snapshotOf(this.parts) : null;
  }

  async run(): Promise<string> {
    if (!this.parts) {
      const settings = await master.claimExecution({ exId: this.input.exId });
      if (!settings) return 'not claimed';
      this.begin(settings);
      this.log.claimed();
      this.started = Date.now();
      this.log.move('initializing');
      if (this.recovering) this.log.move('recovering');
    }
    this.claimed.failing.watch();
    await this.main();
    return this.finish();
  }

  private get claimed(): Parts {
    if (!this.parts) throw new Error('the execution is not claimed yet');
    return this.parts;
  }

  private begin(settings: ExecutionSettings, carried?: Carried): void {
    this.parts = makeParts(this.input.exId, settings, carried, this.log, {
      changed: () => this.wake(),
      slicerAnswered: () => {
        if (this.log.status === 'initializing') this.log.move('running');
        this.wake();
      },
      slicerFailed: (reason) => this.fail(reason),
      sliceFailed: () => this.sliceFailed(),
      failuresRefused: (reason) => this.abandon(reason),
      stopped: () => this.wanted === 'stopped',
    });
    const { slicer, ledger } = this.parts;
    if (this.fatal !== null) slicer.events.mute();
    if (this.logLevel) slicer.setLogLevel(this.logLevel);
    if (carried) return;
    this.workers ||= settings.workers;
    if (settings.recovery) {
      ledger.startFrom(settings.recovery.last);
      this.recovering = true;
      if (settings.recovery.replayOnly || settings.recovery.slicerDone) slicer.skip();
    }
  }

  private async main(): Promise<void> {
    const { ledger } = this.claimed;
    while (!this.ended()) {
      this.advance();
      if (this.ended()) return;
      if (this.mustContinue() && this.quiet()) await this.continueAsNew();
      const retryIn = this.wanted === 'running' ? ledger.nextRetryIn(Date.now()) : undefined;
      if (retryIn) await wf.condition(() => this.changed, retryIn);
      else await wf.condition(() => this.changed);
      this.changed = false;
    }
  }

  /** Starts whatever can be started now. */
  private advance(): void {
    const { ledger, slicer, parked, room, leases, overtime, failing } = this.claimed;
    const { workers, logLevel } = this;
    if (this.wanted === 'stopped') {
      this.log.move('stopping');
      leases.cancel();
      slicer.detach();
    } else if (this.abandoned) {
      leases.cancel();
      slicer.detach();
    } else if (this.wanted === 'paused') {
      leases.cancel();
      if (ledger.leased === 0) this.log.move('paused');
    } else {
      if (this.log.status === 'paused') failing.resumed();
      if (!slicer.overfull && room.forRead) parked.takeUp(room.queueBytes / 2);
      // What was not started would keep a run going whose workers are all busy with long slices.
      if (this.mustContinue()) leases.cancel();
      else leases.issue({ workers, logLevel });
      this.askSlicer();
    }
    overtime.collect();
    this.report();
  }

  private askSlicer(): void {
    const { slicer, ledger, parked, room, leases } = this.claimed;
    if (this.fatal !== null) return;
    if (slicer.state.done || slicer.state.pages.length > 0) {
      if (slicer.events.waiting > 0) slicer.ask({ slices: 0, bytes: 0 }, this.workers);
      return;
    }
    // What an earlier execution left comes first: a slicer may rely on it being done.
    if (this.recovering && (parked.position !== null || ledger.pending > 0)) return;
    this.recovering = false;
    if (this.log.status === 'recovering') this.log.move('running');
    const full = slicer.overfull ? 0 : Math.min(leases.wantedQueue(this.workers), slicer.maxQueueLength);
    const bytes = room.queueBytes - ledger.queuedBytes;
    const short = ledger.queued * 2 <= full && ledger.queued < full;
    if (short && bytes > room.queueBytes / 4 && room.forAnswer) {
      slicer.ask({ slices: full - ledger.queued, bytes: Math.min(bytes, MAX_BATCH_BYTES) }, this.workers);
    } else if (slicer.events.waiting > 0) {
      slicer.ask({ slices: 0, bytes: 0 }, this.workers);
    }
  }

  /** A slice was recorded as failed: the execution goes on, `failing`. */
  private sliceFailed(): void {
    const { settings, ledger, failing } = this.claimed;
    failing.sliceFailed();
    const limit = settings.maxFailedSlices;
    if (overBudget(limit, ledger)) {
      this.abandon(`${ledger.failed} slices failed, more than max_failed_slices (${limit}) allows`);
    }
  }

  /** Nothing more is issued; what is pending is done before the execution ends `failed`. */
  private fail(reason: string): void {
    this.fatal ??= reason;
    // The slicer is asked no more, so nothing can be told either.
    this.parts?.slicer.events.mute();
    this.wake();
  }

  /** Ends at once, `failed`: what is pending stays so. */
  private abandon(reason: string): void {
    this.abandoned = true;
    this.fail(reason);
  }

  private ended(): boolean {
    const { ledger, slicer, parked, failedSlices } = this.claimed;
    if (failedSlices.replaying) return false;
    if (this.wanted === 'stopped') return this.log.status === 'stopping' && ledger.leased === 0;
    if (this.abandoned) return ledger.leased === 0;
    if (parked.position !== null || parked.reading || ledger.pending > 0) return false;
    if (this.fatal !== null) return slicer.state.pages.length === 0;
    return slicer.done && slicer.events.waiting === 0;
  }

  /** Ends the hosts, waits for what they still answer, and closes the execution in the store. */
  private async finish(): Promise<string> {
    const { exId } = this.input;
    const { settings, ledger, overtime, tuning } = this.claimed;
    this.closing = true;
    const stopped = this.wanted === 'stopped';
    overtime.collectLast();
    const hosts = await patientMaster.finishHosts({ exId });
    await overtime.lastOutcomes(tuning.lateOutcomesMs);
    const { status, reason } = verdictOf(exId, ledger, {
      stopped,
      fatal: this.fatal,
      failedFlushes: hosts.failed,
      lostHosts: settings.stateful ? hosts.lost : 0,
    });
    await master.closeExecution({
      exId,
      seq: await this.log.close(status),
      status,
      failureReason: reason,
      counters: this.counters(),
      ledger: snapshotOf(this.claimed),
    });
    return status;
  }

  private counters(): Counters {
    const { ledger, slicer } = this.claimed;
    const { started, workers } = this;
    return countersOf(ledger, slicer.state, { started, workers });
  }

  private report(): void {
    sinks.counters.report(this.input.exId, this.log.nextCounters(), this.counters());
    const { workers, fatal } = this;
    const { status } = this.log;
    wf.setCurrentDetails(detailsOf(this.input, this.claimed.ledger, { status, workers, fatal }));
  }

  private mustContinue(): boolean {
    const info = wf.workflowInfo();
    return (
      info.continueAsNewSuggested || info.historyLength > this.claimed.sizing.maxHistoryEvents(this.workers)
    );
  }

  private quiet(): boolean {
    const { ledger, parked, failedSlices } = this.claimed;
    return ledger.leased === 0 && !failedSlices.replaying && !this.log.busy && !parked.reading;
  }

  private async continueAsNew(): Promise<never> {
    const { settings, ledger, slicer, parked, leases, failing } = this.claimed;
    await wf.continueAsNew<(input: ExecutionInput) => Promise<string>>({
      ...this.input,
      carried: {
        settings: settingsToCarry(settings),
        ledger: ledger.state(),
        wanted: this.wanted,
        workers: this.workers,
        ...this.log.state(),
        ...leases.state(),
        started: this.started,
        slicer: slicer.state,
        ...parked.state(),
        replaying: this.recovering,
        fatal: this.fatal,
        abandoned: this.abandoned,
        logLevel: this.logLevel,
        probation: failing.state(),
      },
    });
    throw new Error('unreachable: continueAsNew does not return');
  }

  private wake(): void {
    this.changed = true;
  }
}

/** With the numbers of today. Where the slicers of an earlier execution were is in the ledger, too. */
function settingsToCarry(settings: ExecutionSettings): ExecutionSettings {
  const { recovery } = settings;
  return {
    ...settings,
    tuning: TUNING,
    recovery: recovery && { ...recovery, last: [] },
  };
}

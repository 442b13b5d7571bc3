import * as wf from '@temporalio/workflow';
import { collector, master } from './calls.js';
import type { FailedSlices } from './failed-slices.js';
import type { Ledger } from './ledger.js';
import { keyOf } from './slice-key.js';
import type { SliceEvents } from './slice-events.js';
import type { CollectResult, RunningSlice } from './types.js';

/**
 * Waits for slices that outlasted their lease, each at the node that has it.
 *
 *     running → (asked, again and again) → collected: its outcome, or `unknown` once its host is certainly gone
 *                                              ├─→ failure recorded → told to who listens → counted
 *                                              └─→ cut short by a stop, or its failure refused → left: not asked again
 */
export class Overtime {
  /** Their outcome is waited for. */
  private readonly asked = new Set<string>();
  /** Of these nothing more will be heard. */
  private readonly left = new Set<string>();
  /** No outcome counts any more. */
  private closed = false;

  /** @param stopped whether the execution is to end without what is cut short */
  constructor(
    private readonly exId: string,
    private readonly ledger: Ledger,
    private readonly events: SliceEvents,
    private readonly failedSlices: FailedSlices,
    private readonly stopped: () => boolean,
    private readonly wake: () => void,
  ) {}

  /** Asks for all that go on. */
  collect(): void {
    for (const running of this.ledger.running) this.ask(running);
  }

  /** The same when hosts are being ended: what outlasted the last leases ends meanwhile, if it does. */
  collectLast(): void {
    if (this.ledger.running.length > 0 && wf.patched('collect-last')) this.collect();
  }

  /**
   * Waits for what was asked for. What is not known of a slice when this is over stays so: it is pending, as one that
   * was cut short.
   *
   * @param ms time after which no outcome counts any more; 0: none
   */
  async lastOutcomes(ms: number): Promise<void> {
    const known = (): boolean => this.asked.size === 0;
    if (ms === 0) await wf.condition(known);
    else if (!known() && !(await wf.condition(known, ms))) this.closed = true;
  }

  private ask(running: RunningSlice): void {
    const key = placeOf(running);
    if (this.asked.has(key) || this.left.has(key)) return;
    this.asked.add(key);
    void (async () => {
      try {
        const result = await this.outcomeOf(running);
        if (!this.closed) await this.collected(running, result);
      } finally {
        this.asked.delete(key);
        this.wake();
      }
    })();
  }

  private async collected(running: RunningSlice, result: CollectResult): Promise<void> {
    if (this.cutShort(result)) {
      // Runs that began before it was remembered asked again, at once.
      if (wf.patched('cut-short-once')) this.leave(running);
      return;
    }
    const failure = this.ledger.failureOfCollected(running, result);
    if (failure && !(await this.failedSlices.record([failure]))) return this.leave(running);
    if (failure) this.events.failed([failure]);
    else if (result.outcome === 'completed') this.events.completed([running.slice]);
    this.ledger.collected(running, result);
    if (failure) this.failedSlices.counted();
  }

  /** A slice that a stop ended stays `running` in the ledger: a recovery tells it from what was never begun. */
  private cutShort({ outcome }: CollectResult): boolean {
    return this.stopped() && (outcome === 'ended' || outcome === 'unknown');
  }

  /** Does not ask for this one any more. */
  private leave(running: RunningSlice): void {
    this.left.add(placeOf(running));
  }

  private async outcomeOf({ node, host, slice }: RunningSlice): Promise<CollectResult> {
    for (;;) {
      try {
        return await collector(node).collectSlice({ exId: this.exId, host, slice });
      } catch (error) {
        if (!(error instanceof wf.ActivityFailure)) throw error;
        if (await master.hostGone({ host })) return { outcome: 'unknown' };
        await wf.sleep('1s');
      }
    }
  }
}

const placeOf = ({ host, slice }: RunningSlice): string => `${host}/${keyOf(slice)}`;

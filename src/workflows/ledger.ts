import type { LedgerTally, SliceTuple } from '../store/types.js';
import { LastSlices } from './last-slices.js';
import { keyOf } from './slice-key.js';
import { SliceQueue } from './slice-queue.js';
import { LEAST_PACKING, bytesOf } from './state-size.js';
import type {
  CollectResult,
  FailedSliceInput,
  LedgerState,
  LeaseResult,
  Retry,
  RunningSlice,
} from './types.js';

/**
 * The ledger of an execution: every slice that was issued is, at any moment, in exactly one place.
 *
 *     issue → queued → leased → completed | failed
 *                ↑        ├──→ running (outlasted its lease) → completed | failed
 *                │        ├──→ retries (may have been begun) → leased
 *                └────────┘ (certainly not begun)
 *
 * so that issued = completed + failed + pending, where pending = queued + leased + running + retries. Only a
 * returned outcome is counted. A slice that killed its host or was cut short, and slices of a lease that was lost, do
 * not go back to the queue but wait as retries, which are leased again just as they are: the former alone, the
 * latter in halves, so that whatever is bad is isolated in a few steps. So the queue holds what was never begun.
 *
 * Pure and deterministic: part of the workflow, and its state is what continue-as-new carries.
 */

/** Losses of a slice that was alone in its lease after which it is recorded as failed. */
const MAX_LOSSES_ALONE = 10;
const MAX_LOSS_DELAY_MS = 60_000;

/** Bytes that are noted beside a slice that is running, waits as a retry, or has used up tries. */
const RUNNING_BYTES = 128;
const RETRY_BYTES = 64;
const TRIES_BYTES = 64;

interface Lease {
  slices: SliceTuple[];
  losses: number;
  /** It was a retry: its slices may have been begun before. */
  retry: boolean;
}

export class Ledger {
  issued = 0;
  completed = 0;
  failed = 0;
  /** Of those issued, how many an earlier execution left, or failed here before. */
  recovered = 0;
  records: number[] = [];
  times: number[] = [];
  /** Share of its bytes that a slice has after compression; the most of what was seen of this execution. */
  packing = LEAST_PACKING;

  private readonly queue = new SliceQueue();
  private retries: Retry[] = [];
  private readonly leases = new Map<number, Lease>();
  private readonly runningSlices = new Map<string, RunningSlice>();
  private readonly tries = new Map<string, number>();
  private readonly last = new LastSlices();
  /** Bytes of all slices owed, wherever they are. */
  private owedBytes = 0;

  /** @param dueAgain workflow time in ms from which a slice is tried again that killed its host so many times */
  constructor(
    private readonly maxRetries: number,
    state?: LedgerState,
    private readonly dueAgain: (tries: number) => number = () => 0,
  ) {
    if (!state) return;
    this.issued = state.issued;
    this.completed = state.completed;
    this.failed = state.failed;
    this.recovered = state.recovered ?? 0;
    this.records = state.records;
    this.times = state.times;
    this.packing = state.packing ?? 1;
    this.retries = state.retries;
    this.queue.push(state.queue);
    for (const running of state.running) this.runningSlices.set(keyOf(running.slice), running);
    for (const [key, tries] of state.tries) this.tries.set(key, tries);
    this.startFrom(state.last);
    this.owedBytes = this.owed().reduce((sum, slice) => sum + bytesOf(slice), 0);
  }

  /** Bytes of what the next run is given of it, slices as packed, leases that are out included. */
  get bytes(): number {
    return this.owedBytes * this.packing + this.last.bytes + this.notedBytes;
  }

  /** Bytes of what is noted beside slices: the part of {@link bytes} that leases add to. */
  get notedBytes(): number {
    return (
      this.runningSlices.size * RUNNING_BYTES +
      this.retries.length * RETRY_BYTES +
      this.tries.size * TRIES_BYTES
    );
  }

  get queued(): number {
    return this.queue.length;
  }

  /** Bytes of all slices queued. */
  get queuedBytes(): number {
    return this.queue.bytes;
  }

  /** Bytes of a queued slice, on average; 0 if none is queued. */
  get meanQueuedBytes(): number {
    return this.queuedBytes / Math.max(this.queued, 1);
  }

  get leased(): number {
    return this.leases.size;
  }

  get running(): RunningSlice[] {
    return [...this.runningSlices.values()];
  }

  get processed(): number {
    return this.completed + this.failed;
  }

  /** Slices issued and not finished. */
  get pending(): number {
    let count = this.queued + this.runningSlices.size;
    for (const retry of this.retries) count += retry.slices.length;
    for (const lease of this.leases.values()) count += lease.slices.length;
    return count;
  }

  /** False would mean that a slice was lost or counted twice. */
  get balanced(): boolean {
    return this.issued === this.completed + this.failed + this.pending;
  }

  tally(): LedgerTally {
    const { issued, completed, failed, pending, recovered } = this;
    return { issued, completed, failed, pending, recovered };
  }

  /** Notes slices that a slicer made, without taking them up: see {@link LastSlices}. */
  made(slices: SliceTuple[]): void {
    this.last.made(slices);
  }

  /** Takes up slices that a slicer made. */
  issue(slices: SliceTuple[]): void {
    this.made(slices);
    this.takeUp(slices);
  }

  /** Takes up slices that an earlier execution left; they tell nothing of where the slicer is. */
  issueRecovered(slices: SliceTuple[]): void {
    this.recovered += slices.length;
    this.takeUp(slices);
  }

  /** Slices shrink to no more than this share of their bytes, as far as is known. */
  packs(share: number): void {
    this.packing = Math.min(Math.max(this.packing, share), 1);
  }

  /** Failed slices are to be taken up again: they count as issued once they are. */
  reopen(count: number): void {
    this.failed -= count;
    this.issued -= count;
  }

  /** Where the slicer of an earlier execution was. */
  startFrom(last: Array<[number, number, string]>): void {
    this.last.startFrom(last);
  }

  /** Takes the next lease out of the queue, at most `slices` (0: none) and `bytes` of it; retries come first. */
  lease(id: number, slices: number, bytes: number, now: number): SliceTuple[] | undefined {
    const due = this.retries.findIndex((retry) => retry.notBefore <= now);
    if (due >= 0) {
      const [retry] = this.retries.splice(due, 1) as [Retry];
      this.leases.set(id, { slices: retry.slices, losses: retry.losses, retry: true });
      return retry.slices;
    }
    if (this.queued === 0 || slices === 0) return undefined;
    const taken = this.queue.take(slices, bytes);
    this.leases.set(id, { slices: taken, losses: 0, retry: false });
    return taken;
  }

  /** Time in ms until the earliest retry may be leased; undefined if none waits. */
  nextRetryIn(now: number): number | undefined {
    if (this.retries.length === 0) return undefined;
    return Math.max(0, Math.min(...this.retries.map((retry) => retry.notBefore)) - now);
  }

  /** Tries used up by the slices of a lease, by index. */
  triesOf(slices: SliceTuple[]): Array<[number, number]> {
    if (this.tries.size === 0) return [];
    const used: Array<[number, number]> = [];
    slices.forEach((slice, index) => {
      const tries = this.tries.get(keyOf(slice));
      if (tries) used.push([index, tries]);
    });
    return used;
  }

  /**
   * Failures that an answer of a lease brings; to be stored before {@link settle} counts them.
   * A slice that killed its host is among them once its tries are used up.
   */
  failuresOf(id: number, result: LeaseResult): FailedSliceInput[] {
    const { slices } = this.lookUp(id);
    const failures = result.failed.map(({ i, error, retries }) => ({
      slice: slices[i] as SliceTuple,
      error,
      retries: retries + (this.tries.get(keyOf(slices[i] as SliceTuple)) ?? 0),
    }));
    const culprit = slices[result.done];
    if (result.died !== undefined && culprit) {
      const tries = (this.tries.get(keyOf(culprit)) ?? 0) + 1;
      if (tries > this.maxRetries) failures.push({ slice: culprit, error: result.died, retries: tries - 1 });
    }
    return failures;
  }

  /** Counts what a lease returned and puts the rest back. */
  settle(id: number, result: LeaseResult): void {
    const { slices, retry } = this.lookUp(id);
    const begun = result.running ?? result.died ?? result.cut;
    if (result.done === 0 && begun === undefined) return this.returned(id);
    this.leases.delete(id);
    this.failed += result.failed.length;
    this.completed += result.done - result.failed.length;
    this.sum(result);
    this.forget(slices.slice(0, result.done));
    let rest = result.done;
    const current = slices[rest];
    if (current && result.running) {
      rest++;
      this.runningSlices.set(keyOf(current), { slice: current, ...result.running });
    } else if (current && result.died !== undefined) {
      rest++;
      this.died(current);
    } else if (result.cut) {
      this.again(slices.slice(rest, rest + result.cut));
      rest += result.cut;
    }
    if (!retry) this.queue.unshift(slices.slice(rest));
    else if (rest < slices.length) this.again(slices.slice(rest));
  }

  /** A lease of which nothing is known: whatever it held is issued again, in halves. */
  lost(id: number, now: number, why: string): FailedSliceInput[] {
    const { slices, losses } = this.lookUp(id);
    if (slices.length > 1) {
      this.leases.delete(id);
      const half = Math.ceil(slices.length / 2);
      for (const part of [slices.slice(0, half), slices.slice(half)]) {
        this.retries.push({ slices: part, losses: 0, notBefore: now });
      }
      return [];
    }
    const alone = losses + 1;
    if (alone < MAX_LOSSES_ALONE) {
      this.leases.delete(id);
      const delay = Math.min(1_000 * 2 ** (alone - 1), MAX_LOSS_DELAY_MS);
      this.retries.push({ slices, losses: alone, notBefore: now + delay });
      return [];
    }
    return slices.map((slice) => ({
      slice,
      error: `the slice was lost ${alone} times in a row: ${why}`,
      retries: this.tries.get(keyOf(slice)) ?? 0,
    }));
  }

  /** Counts the only slice of a lease as failed, after {@link lost} said so and it was stored. */
  settleLost(id: number): void {
    const { slices } = this.lookUp(id);
    this.leases.delete(id);
    this.forget(slices);
    this.failed += slices.length;
  }

  /** Nothing of a lease can be counted, though all of it may have been begun. */
  cut(id: number): void {
    const { slices, losses } = this.lookUp(id);
    this.leases.delete(id);
    this.again(slices, losses);
  }

  /** Puts a lease back that was never started. */
  returned(id: number): void {
    const { slices, losses, retry } = this.lookUp(id);
    this.leases.delete(id);
    if (retry) this.again(slices, losses);
    else this.queue.unshift(slices);
  }

  /** The failure that a collected outcome brings, to be stored before {@link collected} counts it. */
  failureOfCollected(running: RunningSlice, result: CollectResult): FailedSliceInput | undefined {
    const tries = this.tries.get(keyOf(running.slice)) ?? 0;
    if (result.outcome === 'failed') {
      return { slice: running.slice, error: result.error, retries: result.retries + tries };
    }
    if (result.outcome === 'died' && tries + 1 > this.maxRetries) {
      return { slice: running.slice, error: result.reason, retries: tries };
    }
    return undefined;
  }

  /** Counts the outcome of a slice that outlasted its lease. */
  collected(running: RunningSlice, result: CollectResult): void {
    this.runningSlices.delete(keyOf(running.slice));
    if (result.outcome === 'completed') {
      this.completed++;
      this.forget([running.slice]);
      this.sum(result);
    } else if (result.outcome === 'failed') {
      this.failed++;
      this.forget([running.slice]);
      this.sum(result);
    } else if (result.outcome === 'died') {
      this.died(running.slice);
    } else {
      this.again([running.slice]);
    }
  }

  /** How many slices may have been begun and have not ended: all but those that are queued. */
  get begun(): number {
    return this.pending - this.queued;
  }

  /** Everything owed: first what may have been {@link begun}. */
  owed(): SliceTuple[] {
    return [
      ...this.running.map((running) => running.slice),
      ...[...this.leases.values()].flatMap((lease) => lease.slices),
      ...this.retries.flatMap((retry) => retry.slices),
      ...this.queue.toArray(),
    ];
  }

  /** Last slice that each slicer made. */
  lastMade(): Array<[number, number, string]> {
    return this.last.toArray();
  }

  /** The state to carry into the next run; leases must have come back. */
  state(): LedgerState {
    if (this.leases.size > 0) throw new Error('a run cannot be continued while leases are out');
    return {
      queue: this.queue.toArray(),
      retries: this.retries,
      running: this.running,
      tries: [...this.tries],
      issued: this.issued,
      completed: this.completed,
      failed: this.failed,
      recovered: this.recovered,
      packing: this.packing,
      last: this.lastMade(),
      records: this.records,
      times: this.times,
    };
  }

  /** One try of this slice was used up by the death of its host. */
  private died(slice: SliceTuple): void {
    const key = keyOf(slice);
    const tries = (this.tries.get(key) ?? 0) + 1;
    if (tries > this.maxRetries) {
      this.forget([slice]);
      this.failed++;
      return;
    }
    this.tries.set(key, tries);
    this.retries.push({ slices: [slice], losses: 0, notBefore: this.dueAgain(tries) });
  }

  /** Has slices leased again just as they are, before all others. */
  private again(slices: SliceTuple[], losses = 0): void {
    this.retries.unshift({ slices, losses, notBefore: 0 });
  }

  private sum({ records, times }: { records?: number[]; times?: number[] }): void {
    add(this.records, records);
    add(this.times, times);
  }

  private lookUp(id: number): Lease {
    const lease = this.leases.get(id);
    if (!lease) throw new Error(`lease ${id} is not out`);
    return lease;
  }

  private takeUp(slices: SliceTuple[]): void {
    this.issued += slices.length;
    for (const slice of slices) this.owedBytes += bytesOf(slice);
    this.queue.push(slices);
  }

  /** These have ended. */
  private forget(slices: SliceTuple[]): void {
    for (const slice of slices) {
      this.owedBytes -= bytesOf(slice);
      if (this.tries.size > 0) this.tries.delete(keyOf(slice));
    }
  }
}

function add(sums: number[], more: number[] | undefined): void {
  more?.forEach((value, index) => (sums[index] = (sums[index] ?? 0) + value));
}

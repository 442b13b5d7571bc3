import type { SliceTuple } from '../../store/types.js';
import type { CollectResult, FailedOutcome, LeaseInput, LeaseResult } from '../../workflows/types.js';
import { monotonic } from '../host/monotonic.js';
import type { Progress } from '../host/progress.js';
import type { FromHost, HostSetup, ToHost } from '../host/protocol.js';
import { SliceOutcomes } from './slice-outcomes.js';

/** How long past its budget, or a cancellation, a lease waits for the slice at hand before it is called running, in ms. */
const OVERTIME_MS = 5_000;
/** Time after which a slice is called running wherever in its lease it is, in ms: others wait behind it. */
const LONG_SLICE_MS = 6_000;
/** Time after which a lease in which a slice failed is over, in ms: failures are heard of when leases return. */
const FAILURE_MS = 1_000;
/** Bytes of failures at which a lease ends early. */
const MAX_FAILURE_BYTES = 128 * 1024;

/** How far past its budget a lease may be behind which another waits, in ms. */
const BRISK_MS = 200;
/** How long before the expected end of a lease the next one is fetched, in ms. */
const AHEAD_MS = 1_000;

/** Pause before a look at a pipe that is behind, in ms. */
const BEHIND_MS = 10;

type LeaseMessage = Extract<FromHost, { type: 'failed' | 'leaseEnded' }>;

interface HostPort {
  /** Where the host is, now or when it ended. */
  progress(): Progress;
  send(message: ToHost): void;
  kill(reason: string): void;
  changed(): void;
}

interface CurrentLease {
  number: number;
  slices: SliceTuple[];
  failed: FailedOutcome[];
  failureBytes: number;
  budget: number;
  expected: number;
  startedAt: number;
  /** When it was told to end; Infinity: it was not. */
  haltedAt: number;
  answer(result: LeaseResult): void;
  nextTimer: NodeJS.Timeout;
  failureTimer?: NodeJS.Timeout;
  overtimeTimer?: NodeJS.Timeout;
}

interface Overtime {
  /** Number of the lease that was answered, and which of its slices goes on. */
  lease: number;
  i: number;
  failure?: FailedOutcome;
  /** Failures of the lease that are known. */
  failures: number;
  settle(result: CollectResult): void;
}

/**
 * The lease that a worker host has at hand.
 *
 *     idle → leased → (leaseEnded) → idle
 *               └─ five seconds past the budget → overtime → (leaseEnded) → idle
 *
 * In overtime the lease has been answered and its last slice goes on; its outcome is kept for whoever
 * collects it.
 */
export class HostLeases {
  private current: CurrentLease | undefined;
  private over: Overtime | undefined;
  /** The lease was answered before the host had ended it. */
  private lingering = false;
  /** Number of the newest lease, and when it was sent. */
  private newest = { number: 0, startedAt: 0 };
  /** Whether the last lease came back within its budget; undefined before there was one. */
  private wasBrisk: boolean | undefined;
  readonly outcomes = new SliceOutcomes();
  private watch: NodeJS.Timeout | undefined;

  constructor(
    private readonly setup: HostSetup,
    private readonly port: HostPort,
  ) {}

  get busy(): boolean {
    return this.current !== undefined || this.over !== undefined || this.lingering;
  }

  get overtime(): boolean {
    return this.over !== undefined || this.lingering;
  }

  /** Its leases come back in time, so that the next one may wait for it. False while nothing is known. */
  get brisk(): boolean {
    if (!this.wasBrisk || this.overtime) return false;
    return this.current === undefined || inTime(this.current);
  }

  /** It has a lease at hand, and will want the next one soon. */
  get wantsNext(): boolean {
    const lease = this.current;
    return this.brisk && lease !== undefined && monotonic() - lease.startedAt >= lease.expected - AHEAD_MS;
  }

  /** Runs a lease; when `cancelled` fires, the host ends it with the slice at hand. */
  run(input: LeaseInput, node: string, cancelled: AbortSignal): Promise<LeaseResult> {
    return new Promise((resolve) => {
      const number = this.newest.number + 1;
      this.newest = { number, startedAt: monotonic() };
      const lease: CurrentLease = {
        ...this.newest,
        slices: input.slices,
        failed: [],
        failureBytes: 0,
        budget: input.budget,
        expected: input.expected,
        haltedAt: Infinity,
        answer: resolve,
        nextTimer: setTimeout(() => this.port.changed(), Math.max(input.expected - AHEAD_MS, 0)),
      };
      this.current = lease;
      this.awaitOvertime(lease, node);
      this.watchSlices();
      this.port.send({
        type: 'lease',
        lease: {
          number,
          slices: input.slices,
          tries: input.tries ?? [],
          budget: input.budget,
          ...(input.logLevel ? { logLevel: input.logLevel } : {}),
        },
      });
      const halt = (): void => {
        if (this.current !== lease) return;
        this.halt(lease);
        this.awaitOvertime(lease, node);
      };
      cancelled.addEventListener('abort', halt, { once: true });
    });
  }

  receive(message: LeaseMessage): void {
    const lease = this.current;
    if (this.lingering && message.type === 'leaseEnded') {
      this.lingering = false;
      clearInterval(this.watch);
      this.port.changed();
    } else if (this.over) this.receiveOvertime(this.over, message);
    else if (lease) this.receiveInLease(lease, message);
  }

  /** The host is gone; `why` is undefined if the node ended it itself, so that no slice is to blame. */
  hostGone(why: string | undefined): void {
    clearInterval(this.watch);
    if (this.over) {
      this.settleOvertime(
        this.over,
        why === undefined ? { outcome: 'ended' } : { outcome: 'died', reason: why },
      );
    }
    const lease = this.current;
    if (!lease) return;
    const at = this.at(lease);
    // The pipe may have been cut off before all of it was read: what it has not told of runs again.
    const atHand = at.begun > at.done;
    const blamed = why !== undefined && !at.behind;
    this.answer(lease, at.done, {
      ...(!atHand ? {} : blamed ? { died: why } : { cut: at.begun - at.done }),
      ms: at.since - lease.startedAt,
    });
  }

  private receiveInLease(lease: CurrentLease, message: LeaseMessage): void {
    if (message.type === 'failed') {
      lease.failed.push(message.failure);
      lease.failureBytes += Buffer.byteLength(message.failure.error);
      if (lease.failureBytes > MAX_FAILURE_BYTES) this.halt(lease);
      lease.failureTimer ??= setTimeout(() => this.halt(lease), FAILURE_MS);
    } else {
      this.answer(lease, this.at(lease).done, {
        records: message.records,
        times: message.times,
        ms: message.ms,
      });
    }
  }

  private receiveOvertime(over: Overtime, message: LeaseMessage): void {
    if (message.type === 'failed') {
      over.failures++;
      if (message.failure.i === over.i) over.failure = message.failure;
      return;
    }
    // With no outcome it was not started before the host heard that the lease is over: nobody is to blame.
    const { records, times } = message;
    this.settleOvertime(over, { outcome: 'ended' }, { records, times });
    this.port.changed();
  }

  /** The slice's own outcome is what counts, however its host ended behind it. */
  private settleOvertime(
    over: Overtime,
    otherwise: CollectResult,
    sums: { records?: number[]; times?: number[] } = {},
  ): void {
    this.over = undefined;
    clearInterval(this.watch);
    const { failure } = over;
    const { lease, ended, failed } = this.port.progress();
    if (failure) over.settle({ outcome: 'failed', error: failure.error, retries: failure.retries, ...sums });
    else if (lease === over.lease && ended > over.i && failed === over.failures) {
      over.settle({ outcome: 'completed', ...sums });
    } else over.settle(otherwise);
  }

  /**
   * Where the host is with its lease. `behind`: more slices have failed than the pipe has told of, so that
   * only what it told of is certain. `begun`: slices that may have been begun.
   */
  private at(lease: CurrentLease): { begun: number; behind: boolean; done: number; since: number } {
    const { lease: number, ended, failed, since } = this.port.progress();
    if (number !== lease.number) return { begun: 0, behind: false, done: 0, since: lease.startedAt };
    const known = (lease.failed.at(-1)?.i ?? -1) + 1;
    const behind = failed > lease.failed.length;
    // A host may die between the word that a slice failed and the note that it ended.
    const done = Math.max(ended, known);
    const begun = Math.min(done + 1, lease.slices.length);
    return { begun, behind, done: behind ? known : done, since };
  }

  private answer(lease: CurrentLease, done: number, more: Partial<LeaseResult>): void {
    clearTimeout(lease.nextTimer);
    clearTimeout(lease.failureTimer);
    clearTimeout(lease.overtimeTimer);
    this.current = undefined;
    this.wasBrisk = inTime(lease);
    if (!this.over && !this.lingering) clearInterval(this.watch);
    lease.answer({
      done,
      failed: lease.failed,
      ms: 0,
      ...more,
    });
    this.port.changed();
  }

  /** No further slice of the lease is started. */
  private halt(lease: CurrentLease): void {
    lease.haltedAt = Math.min(lease.haltedAt, monotonic());
    this.port.send({ type: 'halt' });
  }

  /** Has the lease answered without the slice at hand, once that is due. */
  private awaitOvertime(lease: CurrentLease, node: string): void {
    const due = (): number => {
      const over = Math.min(lease.startedAt + lease.budget, lease.haltedAt) + OVERTIME_MS;
      return Math.min(over, this.at(lease).since + LONG_SLICE_MS) - monotonic();
    };
    clearTimeout(lease.overtimeTimer);
    lease.overtimeTimer = setTimeout(
      () => (due() > 0 ? this.awaitOvertime(lease, node) : this.goOvertime(lease, node)),
      Math.max(due(), 0),
    );
  }

  private goOvertime(lease: CurrentLease, node: string): void {
    const { behind, done, since } = this.at(lease);
    if (behind) {
      lease.overtimeTimer = setTimeout(() => this.goOvertime(lease, node), BEHIND_MS);
      return;
    }
    const slice = lease.slices[done];
    if (!slice) {
      // All slices have ended, only a hook of the last one hangs.
      this.lingering = true;
      this.answer(lease, done, { ms: since - lease.startedAt });
      return;
    }
    let settle: (result: CollectResult) => void = () => undefined;
    const outcome = new Promise<CollectResult>((resolve) => (settle = resolve));
    this.over = { lease: lease.number, i: done, failures: lease.failed.length, settle };
    this.outcomes.keep(slice, outcome);
    this.port.send({ type: 'halt' });
    // The time of the slice that goes on says nothing about the others.
    this.answer(lease, done, {
      running: { node, host: this.setup.hostId },
      ms: since - lease.startedAt,
    });
  }

  /** Looks after `slice_timeout`. */
  private watchSlices(): void {
    clearInterval(this.watch);
    const limit = this.setup.execution.slice_timeout ?? 0;
    if (limit <= 0) return;
    this.watch = setInterval(
      () => {
        const { lease, since } = this.port.progress();
        const begun = lease === this.newest.number ? since : this.newest.startedAt;
        if (monotonic() - begun > limit) {
          clearInterval(this.watch);
          this.port.kill(`the slice ran longer than slice_timeout (${limit} ms)`);
        }
      },
      Math.min(limit / 2, 500),
    );
  }
}

const inTime = ({ startedAt, budget }: CurrentLease): boolean => monotonic() - startedAt < budget + BRISK_MS;

import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Logger } from '../../logger.js';
import type { MetricsData } from '../../operations/prom-metrics.js';
import { cut, wellFormed } from '../../text.js';
import { SLICER_FAILURES, type CreateInput, type CreateResult } from '../../workflows/types.js';
import { FrameReader } from '../host/frames.js';
import { PIPE_FD, type FromHost, type HostSetup, type ToHost } from '../host/protocol.js';
import { PackingMeter } from '../packing-meter.js';
import { HostLeases } from './host-leases.js';
import { forkHost, type ForkedHost } from './warm-hosts.js';

/** Last bytes of a host's stderr that are kept to say why it died. */
const STDERR_KEPT = 4_096;
/** How long the pipe of a dead host may stay open (a grandchild may hold it), in ms. */
const PIPE_GRACE_MS = 500;
const PING_MS = 1_000;

export interface Ending {
  outcome: 'flushed' | 'failed' | 'lost';
  reason: string | null;
  /** It died before it was ready: its operations cannot be loaded or initialised, or kill their process. */
  early: boolean;
}

export interface HostProcessOptions {
  setup: HostSetup;
  /** Old-space limit in MB. */
  memory: number;
  /** Where the file of its progress is made. */
  directory: string;
  /** A process that was forked ahead, with the same limit; undefined: one is forked. */
  forked?: ForkedHost | undefined;
  logger: Logger;
  metadata: {
    get(exId: string): Promise<Record<string, unknown>>;
    set(exId: string, metadata: Record<string, unknown>): Promise<void>;
  };
  /** Its state changed, or what is known of it. */
  onChange(): void;
  /** It can take a lease, or can no longer. */
  onLeases(): void;
}

/** Failure of a call to a slicer host; `type` is one of SLICER_FAILURES. */
export class CreateFailure extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * A host, as its node sees it.
 *
 *     starting → live → draining → ended (flushed | failed | lost)
 *        └────────┴──────────────────↗
 *
 * Ended means: the process is gone and every frame that it wrote has been read.
 */
export class HostProcess {
  state: 'starting' | 'live' | 'draining' | 'ended' = 'starting';
  readonly startedAt = Date.now();
  readonly ended: Promise<Ending>;
  readonly leases: HostLeases;
  recoverable: boolean | null = null;
  /** Of the slices that it makes, if it is a slicer. */
  readonly packing = new PackingMeter();

  private readonly child: ChildProcess;
  private readonly calls = new Map<
    number,
    { resolve(result: CreateResult): void; reject(error: Error): void }
  >();
  private metricsCall: { answer: Promise<MetricsData>; resolve(metrics: MetricsData): void } | undefined;
  private lastCall = 0;
  private stderr = '';
  private ready = false;
  private flushing = false;
  private flushTimedOut = false;
  private flushed: { error?: string } | undefined;
  private initError: string | undefined;
  /** Why the node itself ended it. */
  private endedBecause: string | undefined;
  private killedFromOutside = false;
  private fenced = false;
  private drainTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: HostProcessOptions) {
    const { setup } = options;
    const { kind, execution } = setup;
    const forked =
      options.forked ??
      forkHost({
        memoryMb: options.memory,
        args: [kind, execution.ex_id],
        env: execution.env_vars,
        directory: options.directory,
      });
    this.child = forked.process;
    this.leases = new HostLeases(setup, {
      progress: () => forked.progress.read(),
      send: (message) => this.send(message),
      kill: (reason) => this.killForBlame(reason),
      changed: () => options.onLeases(),
    });
    const reader = new FrameReader((message) => this.receive(message));
    const pipe = this.child.stdio[PIPE_FD] as Readable;
    pipe.on('data', (chunk: Buffer) => reader.push(chunk));
    pipe.on('error', () => undefined);
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-STDERR_KEPT);
      process.stderr.write(chunk);
    });
    this.child.on('error', (error) => options.logger.error({ err: error }, 'a host could not be started'));
    const ping = setInterval(() => this.send({ type: 'ping' }), PING_MS);
    this.ended = this.whenGone().then((gone) => {
      clearInterval(ping);
      clearTimeout(this.drainTimer);
      return this.conclude(gone);
    });
    this.send({ type: 'setup', setup });
  }

  get id(): string {
    return this.options.setup.hostId;
  }

  get exId(): string {
    return this.options.setup.execution.ex_id;
  }

  get kind(): 'worker' | 'slicer' {
    return this.options.setup.kind;
  }

  get pid(): number | null {
    return this.child.pid ?? null;
  }

  get busy(): boolean {
    return this.kind === 'worker' ? this.leases.busy : this.calls.size > 0;
  }

  /** A worker that could take a lease, now or when the one at hand is over. */
  get counts(): boolean {
    return this.state === 'live' && !this.leases.overtime;
  }

  /** Asks a slicer host; rejects with {@link CreateFailure}. */
  create(input: CreateInput): Promise<CreateResult> {
    const call = ++this.lastCall;
    return new Promise((resolve, reject) => {
      this.calls.set(call, { resolve, reject });
      this.send({ type: 'create', call, input });
    });
  }

  /** What its operations have measured; nothing if it ends meanwhile. */
  metrics(): Promise<MetricsData> {
    if (this.state === 'ended' || !this.options.setup.metrics) return Promise.resolve([]);
    if (!this.metricsCall) {
      let resolve!: (metrics: MetricsData) => void;
      const answer = new Promise<MetricsData>((resolved) => (resolve = resolved));
      this.metricsCall = { answer, resolve };
      this.send({ type: 'readMetrics' });
    }
    return this.metricsCall.answer;
  }

  /** Ends the host in order: slice at hand, flush, shutdown. Past the shutdown timeout it is killed. */
  drain(): void {
    if (this.state === 'draining' || this.state === 'ended') return;
    this.state = 'draining';
    this.endedBecause ??= 'drained';
    this.send({ type: 'drain' });
    const { shutdownTimeout } = this.options.setup;
    this.drainTimer = setTimeout(() => {
      this.flushTimedOut = this.flushing;
      this.kill(`it did not end within the shutdown timeout (${shutdownTimeout} ms)`);
    }, shutdownTimeout);
    this.options.onChange();
  }

  /** Ends the host at once, on the node's own account: no slice is blamed for it. */
  kill(reason: string): void {
    if (this.state === 'ended') return;
    this.endedBecause = reason;
    this.child.kill('SIGKILL');
  }

  /** Ends the host because of the slice at hand. */
  private killForBlame(reason: string): void {
    this.stderr = reason;
    this.child.kill('SIGKILL');
  }

  private send(message: ToHost): void {
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  private receive(message: FromHost): void {
    switch (message.type) {
      case 'loaded':
        break;
      case 'ready':
        this.ready = true;
        if (this.state === 'starting') this.state = 'live';
        this.options.onChange();
        break;
      case 'initFailed':
        this.initError = message.error;
        break;
      case 'fenced':
        this.fenced = true;
        this.endedBecause ??= 'its node did not ping it for too long';
        break;
      case 'fatal':
        // Before its lease is answered, so that it gets no other. A master sees that it ended, and places the next one.
        this.drain();
        break;
      case 'flushing':
        this.flushing = true;
        break;
      case 'flushed':
        this.flushed = message;
        break;
      case 'created':
        this.recoverable = message.result.recoverable;
        this.calls.get(message.call)?.resolve(message.result);
        this.calls.delete(message.call);
        break;
      case 'createFailed':
        this.calls.get(message.call)?.reject(new CreateFailure(message.failure, message.error));
        this.calls.delete(message.call);
        break;
      case 'metrics':
        this.metricsCall?.resolve(message.metrics);
        this.metricsCall = undefined;
        break;
      case 'getMetadata':
        this.answerMetadata(message.call, this.options.metadata.get(this.exId));
        break;
      case 'setMetadata':
        this.answerMetadata(
          message.call,
          this.options.metadata.set(this.exId, message.metadata).then(() => ({})),
        );
        break;
      default:
        this.leases.receive(message);
    }
  }

  private answerMetadata(call: number, answer: Promise<Record<string, unknown>>): void {
    answer.then(
      (metadata) => this.send({ type: 'metadata', call, metadata }),
      (error: unknown) => this.send({ type: 'metadata', call, error: String(error) }),
    );
  }

  private whenGone(): Promise<string> {
    return new Promise((resolve) => {
      let description = 'it could not be started';
      this.child.once('exit', (code, signal) => {
        this.killedFromOutside = signal === 'SIGKILL' || signal === 'SIGTERM';
        description = signal ? `killed by ${signal}` : `exit code ${code}`;
        setTimeout(() => resolve(description), PIPE_GRACE_MS).unref();
      });
      this.child.once('close', () => resolve(description));
      this.child.once('error', () => {
        if (this.child.pid === undefined) resolve(description);
      });
    });
  }

  private conclude(gone: string): Ending {
    const early = !this.ready && this.endedBecause === undefined;
    this.state = 'ended';
    const why = this.endedBecause ?? this.describe(gone);
    this.leases.hostGone(this.endedBecause === undefined ? why : undefined);
    for (const call of this.calls.values()) {
      const type = this.endedBecause === undefined ? SLICER_FAILURES.died : SLICER_FAILURES.gone;
      call.reject(new CreateFailure(type, `the slicer's host died: ${why}`));
    }
    this.calls.clear();
    this.metricsCall?.resolve([]);
    this.options.onChange();
    // It never ran anything: there is nothing that it could have failed to flush.
    if (!this.ready) return { outcome: 'flushed', reason: this.initError ?? why, early };
    if (this.flushed?.error !== undefined) {
      return { outcome: 'failed', reason: this.flushed.error, early: false };
    }
    if (this.flushed) return { outcome: 'flushed', reason: null, early: false };
    // A flush that hung, or that took its process with it, has failed. One that somebody else cut off is lost.
    if (this.flushTimedOut || (this.flushing && !this.killedFromOutside && !this.fenced)) {
      return {
        outcome: 'failed',
        reason: `its flush did not end: ${this.flushTimedOut ? why : this.describe(gone)}`,
        early: false,
      };
    }
    return { outcome: 'lost', reason: why, early: false };
  }

  private describe(gone: string): string {
    if (/heap out of memory|heap limit/i.test(this.stderr)) {
      return `its host ran out of memory (limit ${this.options.memory} MB; ${gone})`;
    }
    const lastLine = this.stderr.trim().split('\n').at(-1);
    return lastLine ? `its host died: ${gone}: ${cut(wellFormed(lastLine), 500)}` : `its host died: ${gone}`;
  }
}

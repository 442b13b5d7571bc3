/**
 * One child process that is kept running.
 *
 *   starting ──ready──▶ up ──exit──▶ waiting ──back-off over──▶ starting
 *      │ exit: waiting, too
 *      │ exit code 78 (EX_CONFIG), or too many starts in vain
 *      ▼
 *    failed
 *
 *   stop() from anywhere: stopping ──exit, or SIGKILL after the grace──▶ stopped
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigurationError, EXIT_CONFIGURATION } from './configuration-error.js';
import type { PidFiles } from './pid-files.js';
import { Backoff } from './supervisor-backoff.js';

export interface SupervisedOptions {
  name: string;
  pids: PidFiles;
  /** Starts the process. */
  spawn: () => ChildProcess | Promise<ChildProcess>;
  /** Settles once the process does its work; `signal` fires when nobody waits for it any more. */
  ready: (child: ChildProcess, signal: AbortSignal) => Promise<void>;
  /** How long it may take to end after SIGTERM, in ms. */
  stopGrace: number;
  /** What a stop in a hurry sends. Default SIGKILL. */
  hurrySignal?: NodeJS.Signals;
  /** Starts in vain after which it has failed, unless it was ready before. Default: no limit. */
  startsInVain?: number;
  /** Told of every change, for the log. */
  onEvent?: (event: 'up' | 'ended', detail: Record<string, unknown>) => void;
}

interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  reason?: string;
}

const HURRY_GRACE = 3_000;

export class SupervisedProcess {
  /** Resolves when the process is up for the first time. */
  readonly up: Promise<void>;
  /** Resolves when it was stopped; rejects with a ConfigurationError when starting it again is of no use. */
  readonly done: Promise<void>;

  private child: ChildProcess | undefined;
  private readonly stopping = new AbortController();
  private readonly backoff = new Backoff();
  private announceUp!: () => void;
  private wasUp = false;

  constructor(private readonly options: SupervisedOptions) {
    this.up = new Promise((resolve) => (this.announceUp = resolve));
    this.done = this.keepRunning();
    // Whoever waits for it sees the rejection; it must not end this process before anybody does.
    this.done.catch(() => undefined);
  }

  /** Process id of the child that runs now. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Ends the process for good; `hurry`: without the time it would take to end in order. */
  async stop(hurry = false): Promise<void> {
    this.stopping.abort();
    const { stopGrace, hurrySignal = 'SIGKILL' } = this.options;
    this.child?.kill(hurry ? hurrySignal : 'SIGTERM');
    const kill = setTimeout(() => this.child?.kill('SIGKILL'), hurry ? HURRY_GRACE : stopGrace);
    await this.done.catch(() => undefined);
    clearTimeout(kill);
  }

  private async keepRunning(): Promise<void> {
    const { name, startsInVain = Infinity, onEvent } = this.options;
    for (let starts = 1; !this.stopping.signal.aborted; starts++) {
      const ending = await this.runOnce();
      if (this.stopping.signal.aborted) return;
      // One that was up is configured well: what stood in its way this time may pass.
      if (ending.code === EXIT_CONFIGURATION && !this.wasUp) {
        throw new ConfigurationError(
          `the ${name} process cannot run as it is configured (its last log lines say why)`,
        );
      }
      if (!this.wasUp && starts >= startsInVain) {
        throw new ConfigurationError(`the ${name} process does not start: ${describe(ending)}`);
      }
      const wait = this.backoff.next();
      onEvent?.('ended', { process: name, reason: describe(ending), restart_in_ms: wait });
      await delay(wait, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async runOnce(): Promise<Ending> {
    const { name, pids, spawn, ready, onEvent } = this.options;
    let child: ChildProcess;
    try {
      child = await spawn();
    } catch (error) {
      return { code: null, signal: null, reason: (error as Error).message };
    }
    this.child = child;
    this.backoff.started();
    const ended = ending(child);
    if (child.pid !== undefined) pids.write(name, child.pid);
    // A stop that came while it was being started found nothing to signal.
    if (this.stopping.signal.aborted) child.kill('SIGTERM');
    const attempt = new AbortController();
    let reason: string | undefined;
    ready(child, attempt.signal).then(
      () => {
        if (attempt.signal.aborted) return;
        this.wasUp = true;
        this.announceUp();
        onEvent?.('up', { process: name, child_pid: child.pid });
      },
      (error: Error) => {
        if (attempt.signal.aborted) return;
        reason = error.message;
        child.kill('SIGTERM');
      },
    );
    const end = await ended;
    attempt.abort();
    this.child = undefined;
    pids.remove(name);
    return reason === undefined ? end : { ...end, reason };
  }
}

function ending(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => {
      // Only an error without a process is an end: a signal or message that cannot be sent is not.
      if (child.pid === undefined) resolve({ code: null, signal: null, reason: error.message });
    });
  });
}

function describe({ code, signal, reason }: Ending): string {
  return reason ?? (signal ? `killed by ${signal}` : `exited with code ${code}`);
}

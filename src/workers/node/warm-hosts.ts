import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Logger } from '../../logger.js';
import { compiledPath } from '../../compiled-path.js';
import { HOST_EXEC_ARGV } from '../../lean-process.js';
import { forkForUserCode } from '../../operations/child-process.js';
import { ProgressFile } from '../host/progress.js';
import { PIPE_FD } from '../host/protocol.js';

const HOST_MAIN = compiledPath('../host/main.js', import.meta.url);
/** Pause before hosts are made ahead: those that an execution waits for come first, in ms. */
const REFILL_MS = 250;
/** The same after one died that nobody had used: its cause may stay for a while. */
const REFILL_AFTER_DEATH_MS = 10_000;

/**
 * Hosts to hold ready: a worker for each free slot, `most` of them, and a slicer. One that nobody could use would only
 * take memory.
 */
export function warmWanted(freeSlots: number, most: number): number {
  const workers = Math.min(freeSlots, most);
  return workers > 0 ? workers + 1 : 0;
}

/** A process that waits for its `setup`, or has it. */
export interface ForkedHost {
  process: ChildProcess;
  progress: ProgressFile;
}

export interface ForkHostOptions {
  /** Old-space limit. */
  memoryMb: number;
  args: string[];
  env?: Record<string, string> | undefined;
  /** Where the file of its progress is made. */
  directory: string;
}

/** The system does not take what a process is to be started with, or has no room for it. */
export class ForkRefused extends Error {}

/**
 * Forks a host process; it does nothing until it is sent its `setup`.
 * @throws ForkRefused
 * @throws if there is no room for the file of its progress
 */
export function forkHost({ memoryMb, args, env, directory }: ForkHostOptions): ForkedHost {
  const progress = new ProgressFile(directory);
  const close = (): void => progress.close();
  let child: ChildProcess;
  try {
    child = forkForUserCode(HOST_MAIN, {
      args,
      execArgv: HOST_EXEC_ARGV,
      memoryMb,
      ...(env ? { env } : {}),
      stdio: ['ignore', 'inherit', 'pipe', 'ipc', 'pipe', progress.fd],
    });
  } catch (error) {
    close();
    throw new ForkRefused(`its host could not be started: ${(error as Error).message}`, { cause: error });
  }
  child.once('exit', close);
  child.once('error', () => {
    if (child.pid === undefined) close();
  });
  return { process: child, progress };
}

/**
 * Host processes that were forked, and have loaded job-components, before anybody needs them.
 *
 *     (calm) → loading → warm → taken by an execution
 *                 └───────┴───→ dead, and replaced
 *
 * They belong to no execution: they take no slot, no master hears of them, and they run no user code, so that
 * there is nothing to ping or to fence. Like every host they end with their node. They are made one after
 * the other, and only while no execution waits for a host to start.
 */
export class WarmHosts {
  private readonly loading = new Set<ForkedHost>();
  private readonly warm = new Set<ForkedHost>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /**
   * @param wanted how many to hold ready, at the moment
   * @param memoryMb old-space limit of each
   * @param calm whether one may be made now
   * @param directory where a host's progress is kept
   */
  constructor(
    private readonly wanted: () => number,
    private readonly memoryMb: number,
    private readonly calm: () => boolean,
    private readonly directory: string,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  /** Process ids of those that are ready. */
  get pids(): number[] {
    return [...this.warm].map(({ process }) => process.pid ?? 0);
  }

  /** Makes as many as are missing, in the background, and ends those that are too many. */
  adjust(pause = REFILL_MS): void {
    if (this.closed) return;
    for (const host of this.warm) {
      if (this.held <= this.wanted()) break;
      this.forget(host);
      host.process.kill('SIGKILL');
    }
    if (this.timer || this.held >= this.wanted()) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.held >= this.wanted()) return;
      if (this.loading.size > 0 || !this.calm()) this.adjust();
      else this.tryToMake();
    }, pause);
  }

  /** A host that is ready for its setup; undefined if there is none. */
  take(): ForkedHost | undefined {
    for (const host of this.warm) {
      this.forget(host);
      this.adjust();
      if (host.process.connected && !isGone(host)) return host;
    }
    return undefined;
  }

  /** Ends all of them, and makes no more. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const host of [...this.loading, ...this.warm]) host.process.kill('SIGKILL');
  }

  private get held(): number {
    return this.loading.size + this.warm.size;
  }

  private tryToMake(): void {
    try {
      this.make();
    } catch (error) {
      this.logger.warn({ err: error }, 'no host can be forked ahead');
      this.adjust(REFILL_AFTER_DEATH_MS);
    }
  }

  private make(): void {
    const host = forkHost({ memoryMb: this.memoryMb, args: ['warm'], directory: this.directory });
    const { process: child } = host;
    this.loading.add(host);
    child.once('exit', this.died);
    child.on('error', this.died);
    // Also of one that is forgotten.
    child.on('error', () => undefined);
    // Before its setup a host writes one frame: that it has loaded.
    (child.stdio[PIPE_FD] as Readable).once('data', () => {
      if (!this.loading.delete(host)) return;
      this.warm.add(host);
      this.adjust(0);
    });
  }

  private readonly died = (): void => {
    for (const host of [...this.loading, ...this.warm]) if (isGone(host)) this.forget(host);
    this.adjust(REFILL_AFTER_DEATH_MS);
  };

  private forget(host: ForkedHost): void {
    this.loading.delete(host);
    this.warm.delete(host);
    host.process.off('exit', this.died);
    host.process.off('error', this.died);
  }
}

const isGone = ({ process: { exitCode, signalCode, pid } }: ForkedHost): boolean =>
  exitCode !== null || signalCode !== null || pid === undefined;

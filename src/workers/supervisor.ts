/**
 * The whole stack of one data directory, as child processes of this one.
 *
 *   locking ──▶ cleaning up ──▶ temporal ──▶ master ──▶ node ──first presence──▶ serving
 *                                  │            │        │                         │
 *                                  └─────────── stop(), or one of them failed ─────┤
 *                                                                                  ▼
 *                             stopped ◀── temporal ◀── master ◀── node ◀────── stopping
 *
 * They do not wait for each other with loading their code, only with their work: each hears when what it needs is up. The
 * master, which takes longest, is forked before the Temporal CLI is found; the node only when Temporal is up, so that it takes no
 * processor from master and Temporal. With `--temporal` both are forked at once.
 *
 * In every state a child that dies is started again (supervised-process.ts). A second stop, in a hurry, does not
 * wait for running slices.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LEAN_EXEC_ARGV, leanEnvironment } from '../lean-process.js';
import { acquireLock, LockedError } from '../lock-file.js';
import type { Logger } from '../logger.js';
import type { Settings } from '../settings.js';
import { ConfigurationError } from './configuration-error.js';
import { PidFiles } from './pid-files.js';
import { choosePorts } from './ports.js';
import { SupervisedProcess, type SupervisedOptions } from './supervised-process.js';
import { temporalProcess } from './temporal/server.js';

export interface StackOptions {
  /** Settings that a person gave: a taken port among them is an error, where a default is replaced. */
  explicit: ReadonlySet<keyof Settings>;
  logger: Logger;
  /** Script that runs the commands `master` and `node`. */
  script: string;
  /** Settings as environment variables, for the children. */
  environment: (settings: Settings) => NodeJS.ProcessEnv;
  /** Standard output and error of the children. Default: those of this process. */
  output?: 'inherit' | number;
  /** Path of the Temporal CLI; asked only if the embedded server is wanted. */
  temporalBinary: () => Promise<string>;
}

/** How long a node may go on beyond `shutdownTimeout` before it is killed, in ms. */
const NODE_MARGIN = 5_000;
const MASTER_GRACE = 15_000;
const STARTS_IN_VAIN = 5;
const POLL = 50;

export class Stack {
  /** Settings in force, with the ports and addresses that were chosen. */
  settings: Settings;
  /** Rejects with a ConfigurationError when the stack cannot go on; never resolves. */
  readonly failed: Promise<never>;
  /** True from the first call of `stop` on. */
  stopping = false;

  private fail!: (error: unknown) => void;
  private readonly running: SupervisedProcess[] = [];
  private releaseLock: (() => void) | undefined;

  constructor(
    settings: Settings,
    private readonly options: StackOptions,
  ) {
    this.settings = settings;
    this.failed = new Promise((_resolve, reject) => (this.fail = reject));
    // Rejected before anybody awaits it, it must not end the process.
    this.failed.catch(() => undefined);
  }

  /** URL of the REST API. */
  get apiUrl(): string {
    const { host, port } = this.settings;
    const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  }

  /**
   * Starts everything; resolves when the API answers and the node is part of the cluster.
   * @throws ConfigurationError if something has to be changed by a person first; Error if it is stopped meanwhile
   */
  async start(): Promise<void> {
    const { dataDir } = this.settings;
    this.releaseLock = lockDataDirectory(dataDir);
    const pids = new PidFiles(join(dataDir, 'run'));
    const leftovers = await pids.endLeftovers();
    if (leftovers.length)
      this.options.logger.warn({ processes: leftovers }, 'ended what an earlier run left');
    this.settings = await choosePorts(this.settings, this.options.explicit);
    this.demandGoingOn();
    const temporalUp = this.settings.temporal ? Promise.resolve() : this.startTemporal(pids);
    // Whoever waits for it sees the rejection; it must not end this process before anybody does.
    temporalUp.catch(() => undefined);
    const master = this.run(this.member('master', pids, MASTER_GRACE, temporalUp));
    await Promise.race([temporalUp, this.failed]);
    const nodeGrace = this.settings.shutdownTimeout + NODE_MARGIN;
    const node = this.run(this.member('node', pids, nodeGrace, master.up));
    await Promise.race([node.up.then(() => this.nodePresent(node)), this.failed]);
  }

  /** Ends everything in order; `hurry`: without waiting for running slices. May be called again to hurry. */
  async stop(hurry = false): Promise<void> {
    this.stopping = true;
    const order = [...this.running].reverse();
    if (hurry) await Promise.all(order.map((child) => child.stop(true)));
    else for (const child of order) await child.stop();
    this.releaseLock?.();
    this.releaseLock = undefined;
  }

  /** Resolves when the embedded server is up; its address is among the settings at once. */
  private async startTemporal(pids: PidFiles): Promise<void> {
    const { temporalPort: port, temporalUiPort: uiPort, namespace, dataDir } = this.settings;
    this.settings = { ...this.settings, temporal: `127.0.0.1:${port}` };
    const codecEndpoint = `${this.apiUrl}/codec`;
    const onEvent = this.logEvent;
    const binary = await this.options.temporalBinary();
    const server = this.run(
      temporalProcess({ binary, port, uiPort, namespace, codecEndpoint, dataDir, pids, onEvent }),
      0,
    );
    await server.up;
  }

  private demandGoingOn(): void {
    if (this.stopping) throw new Error('the stack was stopped while it started');
  }

  /** @param place among those that run: what needs it comes after it. Default: the last. */
  private run(options: SupervisedOptions, place = this.running.length): SupervisedProcess {
    this.demandGoingOn();
    const child = new SupervisedProcess(options);
    this.running.splice(place, 0, child);
    child.done.catch(this.fail);
    return child;
  }

  /** @param needed resolves when what the member needs is up */
  private member(
    name: 'master' | 'node',
    pids: PidFiles,
    stopGrace: number,
    needed: Promise<void> = Promise.resolve(),
  ): SupervisedOptions {
    const { script, environment, output = 'inherit' } = this.options;
    return {
      name,
      pids,
      stopGrace,
      // A Temporal server or a database elsewhere may come later than this; what is embedded is there.
      startsInVain: this.options.explicit.has('temporal') || this.settings.store ? Infinity : STARTS_IN_VAIN,
      onEvent: this.logEvent,
      spawn: () => {
        const child = fork(script, [name], {
          env: leanEnvironment(environment({ ...this.settings, master: this.apiUrl })),
          execArgv: LEAN_EXEC_ARGV,
          stdio: ['ignore', output, output, 'ipc'],
        });
        needed.then(
          () => child.connected && child.send('go'),
          // The start fails with it.
          () => undefined,
        );
        return child;
      },
      ready: (child) => new Promise((resolve) => child.once('message', () => resolve())),
    };
  }

  /** The node's presence has reached a master, which answers. */
  private async nodePresent(node: SupervisedProcess): Promise<void> {
    for (;;) {
      const nodes = await this.get('/healthz')
        .then(() => this.get('/v1/cluster/state'))
        .catch(() => ({}));
      if (Object.values(nodes as Record<string, { pid?: number }>).some(({ pid }) => pid === node.pid))
        return;
      await delay(POLL);
    }
  }

  private async get(path: string): Promise<unknown> {
    const response = await fetch(`${this.apiUrl}${path}`, { signal: AbortSignal.timeout(5_000) });
    if (!response.ok) throw new Error(`${path} answers ${response.status}`);
    return response.json();
  }

  private readonly logEvent: SupervisedOptions['onEvent'] = (event, detail) => {
    if (event === 'up') this.options.logger.info(detail, 'process is up');
    else this.options.logger.error(detail, 'process ended; it is started again');
  };
}

function lockDataDirectory(dataDir: string): () => void {
  try {
    return acquireLock(join(dataDir, 'run', 'start.lock'));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new ConfigurationError(
      `The data directory ${dataDir} is in use by ${error.holder}, another \`temposlice start\`. ` +
        'Stop that one, or choose another directory: --data-dir DIR or TEMPOSLICE_DATA_DIR=DIR.',
    );
  }
}

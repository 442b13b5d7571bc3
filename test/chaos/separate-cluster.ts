import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PidFiles } from '../../src/workers/pid-files.js';
import { findFreePort } from '../../src/workers/ports.js';
import { SupervisedProcess, type SupervisedOptions } from '../../src/workers/supervised-process.js';
import { obtainTemporal } from '../../src/workers/temporal/binary.js';
import { temporalProcess } from '../../src/workers/temporal/server.js';
import { descendantsOf, type FoundProcess } from '../support/processes.js';
import { ASSET, TEST_ASSET } from '../support/stack.js';
import { until } from '../support/until.js';
import { recorded, type Cluster, type Member, type MemberKind } from './cluster.js';
import type { Target } from './plan.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const READY_LIMIT = 90_000;
const SHUTDOWN_TIMEOUT = 5_000;
const STOP_GRACE = 20_000;

/**
 * Temporal, `temposlice master` and several `temposlice node`, each a process of its own with this one as their
 * supervisor. A member that was told to stay down waits at its gate when it is to be started again.
 */
export class SeparateCluster implements Cluster {
  readonly targets: readonly Target[] = [
    'worker',
    'slicer',
    'node',
    'master',
    'temporal',
    'several',
    'everything',
  ];
  url = '';
  temporal = '';
  private readonly pids: PidFiles;
  private readonly processes = new Map<string, { kind: MemberKind; process: SupervisedProcess }>();
  private readonly holds = new Map<string, number>();
  private readonly log: number;

  private constructor(
    readonly dataDir: string,
    private readonly nodes: number,
    private readonly slots: number,
  ) {
    const assets = join(dataDir, 'assets');
    mkdirSync(assets, { recursive: true });
    symlinkSync(ASSET, join(assets, TEST_ASSET));
    this.pids = new PidFiles(join(dataDir, 'run'));
    this.log = openSync(join(dataDir, 'cluster.log'), 'a');
  }

  /** Starts it in a new folder. */
  static async create(nodes: number, slots: number): Promise<SeparateCluster> {
    const dataDir = mkdtempSync(join(tmpdir(), 'temposlice-chaos-'));
    const cluster = new SeparateCluster(dataDir, nodes, slots);
    try {
      await cluster.start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  private async start(): Promise<void> {
    const binary = await obtainTemporal();
    const [port, apiPort] = [await findFreePort(), await findFreePort()];
    this.temporal = `127.0.0.1:${port}`;
    this.url = `http://127.0.0.1:${apiPort}`;
    const server = temporalProcess({
      ...{ binary, port, uiPort: 0, namespace: 'default', codecEndpoint: `${this.url}/codec` },
      ...{ dataDir: this.dataDir, pids: this.pids },
    });
    await this.run('temporal', 'temporal', server);
    const shared = ['--data-dir', this.dataDir, '--temporal', this.temporal];
    const timeouts = ['--shutdown-timeout', String(SHUTDOWN_TIMEOUT)];
    await this.run(
      'master',
      'master',
      this.member('master', ['master', '--port', String(apiPort)], [...shared, ...timeouts]),
    );
    for (let i = 1; i <= this.nodes; i++) {
      const own = ['node', '--node-id', `node-${i}`, '--slots', String(this.slots), '--master', this.url];
      await this.run(`node-${i}`, 'node', this.member(`node-${i}`, own, [...shared, ...timeouts]));
    }
  }

  async stop(): Promise<void> {
    for (const { process } of [...this.processes.values()].reverse()) await process.stop();
  }

  members(): Member[] {
    return [...this.processes].flatMap(([name, { kind }]) => {
      const identity = recorded(this.dataDir, name);
      return identity ? [{ name, kind, ...identity }] : [];
    });
  }

  family(): FoundProcess[] {
    return [...this.processes.values()].flatMap(({ process }) =>
      process.pid === undefined ? [] : descendantsOf(process.pid),
    );
  }

  hold(names: string[]): void {
    for (const name of names) this.holds.set(name, (this.holds.get(name) ?? 0) + 1);
  }

  async release(names: string[]): Promise<void> {
    for (const name of names) this.holds.set(name, (this.holds.get(name) ?? 1) - 1);
    await until(() => names.every((name) => recorded(this.dataDir, name)), READY_LIMIT);
  }

  killSupervisor(): void {
    throw new Error('the supervisor is this very process');
  }

  private async run(name: string, kind: MemberKind, options: SupervisedOptions): Promise<void> {
    const process = new SupervisedProcess({
      ...options,
      spawn: async () => {
        await until(() => (this.holds.get(name) ?? 0) <= 0, READY_LIMIT);
        return options.spawn();
      },
    });
    this.processes.set(name, { kind, process });
    await Promise.race([process.up, process.done]);
  }

  private member(name: string, command: string[], settings: string[]): SupervisedOptions {
    return {
      name,
      pids: this.pids,
      stopGrace: STOP_GRACE,
      spawn: () => {
        const child = fork(CLI, [...command, ...settings], {
          execArgv: [],
          stdio: ['ignore', this.log, this.log, 'ipc'],
        });
        child.send('go');
        return child;
      },
      ready: (child) => new Promise((resolve) => child.once('message', () => resolve())),
    };
  }
}

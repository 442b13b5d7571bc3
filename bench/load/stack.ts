import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from './client.js';
import { inspect, type Hosts, type ProcessUsage } from './processes.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const ASSET = fileURLToPath(new URL('../asset', import.meta.url));
/** Id under which the operations of the bench are installed. */
export const BENCH_ASSET = 'b'.repeat(40);

const READY_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 30_000;
const POLL_MS = 10;

interface ClusterNode {
  active: Array<{ pid: number; assignment: string }>;
}

/**
 * `temposlice start` as a process of its own, in a temporary data directory.
 *
 *     starting → ready → stopped, and everything removed
 */
export class Stack {
  /** From the start of the process to its answer to the first request, in ms. */
  readyMs = 0;
  /** `host:port` of its Temporal server. */
  temporal = '';
  client = new Client('');
  private child: ChildProcess | undefined;

  private constructor(readonly dataDir: string) {}

  /** Starts a stack and waits until it takes jobs. @throws Error if it does not come up */
  static async start(flags: string[], env: NodeJS.ProcessEnv = {}): Promise<Stack> {
    const stack = new Stack(mkdtempSync(join(tmpdir(), 'temposlice-bench-')));
    try {
      await stack.run(flags, env);
    } catch (error) {
      await stack.stop();
      throw error;
    }
    return stack;
  }

  private async run(flags: string[], env: NodeJS.ProcessEnv): Promise<void> {
    mkdirSync(join(this.dataDir, 'assets'));
    symlinkSync(ASSET, join(this.dataDir, 'assets', BENCH_ASSET));
    const log = openSync(this.logFile, 'a');
    const ports = ['--port', '0', '--temporal-port', '0', '--temporal-ui-port', '0'];
    const began = performance.now();
    const child = spawn(process.execPath, [CLI, 'start', ...ports, '--data-dir', this.dataDir, ...flags], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    this.child = child;
    while (!this.client.url) {
      const said = readFileSync(this.logFile, 'utf8');
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${endOf(said)}`);
      if (performance.now() - began > READY_LIMIT_MS) throw new Error(`it does not come up: ${endOf(said)}`);
      const url = /REST API\s+(\S+)/.exec(said)?.[1];
      this.temporal = /Temporal {2,}(\S+:\d+)/.exec(said)?.[1] ?? '';
      if (url && this.temporal) this.client = new Client(url);
      else await delay(POLL_MS);
    }
    await this.client.request('GET', '/cluster/state');
    this.readyMs = performance.now() - began;
  }

  /** Its processes and what they use. */
  async usage(): Promise<ProcessUsage[]> {
    return inspect(this.child?.pid ?? 0, await this.hosts());
  }

  /** A path below the data directory. */
  path(...names: string[]): string {
    return join(this.dataDir, ...names);
  }

  /** Stops it in order, by force if it takes too long, and removes its data directory. */
  async stop(): Promise<void> {
    const { child } = this;
    if (child?.pid !== undefined && child.exitCode === null) {
      const family = inspect(child.pid);
      const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
      child.kill('SIGTERM');
      await ended.catch(() => {
        for (const { pid } of family) tryKill(pid);
      });
    }
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async hosts(): Promise<Hosts> {
    const nodes = await this.client.request<Record<string, ClusterNode>>('GET', '/cluster/state');
    const found = new Map<number, 'worker' | 'slicer'>();
    for (const { pid, assignment } of Object.values(nodes).flatMap(({ active }) => active)) {
      if (assignment === 'worker') found.set(pid, 'worker');
      if (assignment === 'execution_controller') found.set(pid, 'slicer');
    }
    return found;
  }

  private get logFile(): string {
    return join(this.dataDir, 'start.log');
  }
}

/** What a process said last. */
const endOf = (said: string): string => said.trimEnd().split('\n').slice(-2).join('\n').slice(-600);

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

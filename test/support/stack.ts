import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LedgerReport } from '../../src/api/services/ledger.js';
import type { ControllerStats } from '../../src/api/services/statistics.js';
import type { NodeState } from '../../src/api/services/cluster-state.js';
import { isTerminal, type ExecutionDocument, type FailedSlice } from '../../src/store/types.js';
import { descendantsOf, kill, type FoundProcess } from './processes.js';
import { until } from './until.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** The operations for tests. */
export const ASSET = fileURLToPath(new URL('../e2e/asset', import.meta.url));
/** Id under which the operations for tests are installed. */
export const TEST_ASSET = 'e'.repeat(40);

const READY_LIMIT = 60_000;
/** A stop in order waits for slices at most `--shutdown-timeout`; past this, it hangs. */
const STOP_LIMIT = 30_000;
/** Time between two looks at a condition, in ms: the stack shares the processors with those who watch it. */
const POLL = 100;

export type Job = Record<string, unknown> & { operations: Array<Record<string, unknown>> };
export type Execution = ExecutionDocument;
export type Member = 'master' | 'node' | 'temporal' | 'temporal-guard';

export interface Reply<T = Record<string, unknown>> {
  status: number;
  body: T;
}

/**
 * `temposlice start` as a real process, with a data directory of its own.
 *
 *     started → (killed → started again)* → stopped, and everything removed
 */
export class TestStack {
  url = '';
  /** Address of the embedded Temporal server. */
  temporal = '';
  readonly dataDir = mkdtempSync(join(tmpdir(), 'temposlice-e2e-'));
  private process: ChildProcess | undefined;
  private logOffset = 0;

  private constructor(private readonly flags: string[]) {
    const assets = join(this.dataDir, 'assets');
    mkdirSync(assets, { recursive: true });
    symlinkSync(ASSET, join(assets, TEST_ASSET));
  }

  /** Starts a stack with 4 slots, unless `flags` say otherwise, and waits until it is ready. */
  static async start(...flags: string[]): Promise<TestStack> {
    const stack = new TestStack(flags);
    try {
      await stack.start();
    } catch (error) {
      await stack.stop();
      throw error;
    }
    return stack;
  }

  /** Starts it again, on the same data directory. */
  async start(): Promise<void> {
    this.logOffset = this.log.length;
    const log = openSync(this.logFile, 'a');
    const ports = ['--port', '0', '--temporal-port', '0', '--temporal-ui-port', '0'];
    const settings = ['--data-dir', this.dataDir, '--slots', '4', '--shutdown-timeout', '5000'];
    // Many stacks are started, and most run one small job: what would be held ready for others only takes time.
    settings.push('--warm-hosts', '1');
    const child = spawn(process.execPath, [CLI, 'start', ...ports, ...settings, ...this.flags], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.process = child;
    await until(
      () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${this.log}`);
        const said = this.log.slice(this.logOffset);
        this.url = /REST API\s+(\S+)/.exec(said)?.[1] ?? '';
        this.temporal = /Temporal {2,}([\d.]+:\d+)/.exec(said)?.[1] ?? '';
        return this.url !== '' && this.temporal !== '';
      },
      READY_LIMIT,
      POLL,
    );
  }

  /** Stops it in order and removes its data directory. */
  async stop(): Promise<void> {
    await this.end();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Stops it in order; its data stay, and it can be started again. */
  async end(): Promise<void> {
    const child = this.process;
    if (child && child.exitCode === null && child.signalCode === null) {
      const family = this.family();
      const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT) });
      child.kill('SIGTERM');
      await ended.catch((error: unknown) => {
        for (const { pid } of family) kill(pid, 'SIGKILL');
        throw new Error('the stack did not stop in time', { cause: error });
      });
    }
  }

  /** Everything that it has printed, over all its starts. */
  get log(): string {
    try {
      return readFileSync(this.logFile, 'utf8');
    } catch {
      return '';
    }
  }

  /** Process id of `temposlice start` itself. */
  get pid(): number {
    return this.process?.pid ?? 0;
  }

  /** Every living process that it has started, itself included. */
  family(): FoundProcess[] {
    return descendantsOf(this.pid);
  }

  /** Ends all of its processes at once, by SIGKILL. */
  async killEverything(): Promise<void> {
    const child = this.process as ChildProcess;
    const ended = once(child, 'exit');
    for (const { pid } of this.family()) kill(pid, 'SIGKILL');
    await ended;
  }

  pidOf(member: Member): number {
    const text = readFileSync(join(this.dataDir, 'run', `${member}.pid`), 'utf8');
    return (JSON.parse(text) as { pid: number }).pid;
  }

  /** Kills a member and waits until another process has taken its place. */
  async killMember(member: Member): Promise<void> {
    const pid = this.pidOf(member);
    kill(pid, 'SIGKILL');
    await until(() => this.pidOf(member) !== pid, 20_000, POLL);
  }

  /** @throws Error if the API cannot be reached */
  async request<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<Reply<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  /** @throws Error unless the answer is a success */
  private async ask<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const reply = await this.request<T>(method, path, body);
    if (reply.status >= 300) {
      throw new Error(`${method} ${path} answers ${reply.status}: ${JSON.stringify(reply.body)}`);
    }
    return reply.body;
  }

  /** Submits a job that may use the operations for tests, and starts it. */
  submit(job: Job): Promise<{ job_id: string; ex_id: string }> {
    return this.ask('POST', '/v1/jobs', { name: 'e2e', lifecycle: 'once', assets: [TEST_ASSET], ...job });
  }

  /** A verb, such as `_pause` or `_workers?add=1`, on the latest execution of a job. */
  verb<T = { status: string }>(jobId: string, verb: string): Promise<T> {
    return this.ask('POST', `/v1/jobs/${jobId}/${verb}`);
  }

  execution(exId: string): Promise<Execution> {
    return this.ask('GET', `/v1/ex/${exId}`);
  }

  /** Waits until the execution has the status, or has ended. */
  async reached(exId: string, status: string, limit = 60_000): Promise<Execution> {
    let execution: Execution | undefined;
    const there = async (): Promise<boolean> => {
      execution = await this.execution(exId);
      return execution._status === status || isTerminal(execution._status);
    };
    await until(there, limit, POLL).catch(async (error: unknown) => {
      const stats = await this.controller(exId).catch(() => undefined);
      throw new Error(
        `${exId} is ${execution?._status}, not ${status}, after ${limit} ms: ${JSON.stringify(stats)}`,
        { cause: error },
      );
    });
    return execution as Execution;
  }

  /** Waits for the end of the execution. */
  ended(exId: string, limit?: number): Promise<Execution> {
    return this.reached(exId, 'ended', limit);
  }

  /** Live numbers; undefined while there are none. */
  async controller(exId: string): Promise<ControllerStats | undefined> {
    const reply = await this.request<ControllerStats[]>('GET', `/v1/ex/${exId}/controller`);
    return reply.status === 200 ? reply.body[0] : undefined;
  }

  /** Waits until so many slices were processed, of an execution that goes on. */
  async processed(exId: string, slices: number, limit = 30_000): Promise<void> {
    await until(async () => ((await this.controller(exId))?.processed ?? 0) >= slices, limit, POLL);
  }

  ledger(exId: string): Promise<LedgerReport> {
    return this.ask('GET', `/v1/ex/${exId}/ledger`);
  }

  errors(exId: string): Promise<FailedSlice[]> {
    return this.ask('GET', `/v1/ex/${exId}/errors?size=10000`);
  }

  async nodes(): Promise<NodeState[]> {
    return Object.values(await this.ask<Record<string, NodeState>>('GET', '/v1/cluster/state'));
  }

  /** Process ids of the hosts of an execution, as the cluster state lists them. */
  async hosts(exId: string, kind: 'worker' | 'slicer'): Promise<number[]> {
    const assignment = kind === 'slicer' ? 'execution_controller' : 'worker';
    const tasks = (await this.nodes()).flatMap((node) => node.active);
    return tasks
      .filter((task) => task.ex_id === exId && task.assignment === assignment)
      .map(({ pid }) => pid);
  }

  /** Waits until the execution has so many hosts of that kind, none of them among `before`. */
  async hostsOf(
    exId: string,
    kind: 'worker' | 'slicer',
    count = 1,
    before: number[] = [],
  ): Promise<number[]> {
    let pids: number[] = [];
    await until(
      async () => {
        pids = await this.hosts(exId, kind);
        return pids.length === count && !pids.some((pid) => before.includes(pid));
      },
      30_000,
      POLL,
    );
    return pids;
  }

  /** A new folder below the data directory. */
  folder(name: string): string {
    const path = join(this.dataDir, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  private get logFile(): string {
    return join(this.dataDir, 'start.log');
  }
}

/** All records that `file_exporter` left in a folder as newline-delimited JSON, in no order. */
export function exported<T>(folder: string): T[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ldjson'))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as T);
}

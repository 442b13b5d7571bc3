import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentOf, readSettings } from '../../src/cli/options.js';
import { createProgram } from '../../src/cli/program.js';
import { createLogger } from '../../src/logger.js';
import type { Settings } from '../../src/settings.js';
import { identify, isRunning } from '../../src/workers/process-identity.js';
import { PidFiles } from '../../src/workers/pid-files.js';
import { choosePorts, findFreePort } from '../../src/workers/ports.js';
import { SupervisedProcess } from '../../src/workers/supervised-process.js';
import { Backoff } from '../../src/workers/supervisor-backoff.js';
import { Stack } from '../../src/workers/supervisor.js';
import { until } from '../support/until.js';

const MEMBER = fileURLToPath(new URL('./fixtures/member.mjs', import.meta.url));

let dataDir: string;
let settings: Settings;
let stack: Stack;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'temposlice-supervisor-'));
  const start = createProgram().commands.find((command) => command.name() === 'start')!;
  const port = await findFreePort();
  settings = { ...readSettings(start).settings, port, dataDir, temporal: '127.0.0.1:1' };
  stack = createStack();
});

afterEach(async () => {
  await stack.stop(true);
  rmSync(dataDir, { recursive: true, force: true });
});

const createStack = (
  explicit: Array<keyof Settings> = [],
  logger = createLogger('start', { level: 'silent' }),
  temporalBinary: () => Promise<string> = () => Promise.reject(new Error('not wanted here')),
): Stack =>
  new Stack(settings, {
    explicit: new Set(explicit),
    logger,
    script: MEMBER,
    environment: environmentOf,
    temporalBinary,
  });

/** A node without a stack that may go on at once. */
function forkNode(): ChildProcess {
  const child = fork(MEMBER, ['node'], { env: environmentOf(settings), execArgv: [] });
  child.send('go');
  return child;
}

/** What the members noted: `[name, event, pid]`. */
const events = (): Array<[string, string, number]> =>
  readFileSync(join(dataDir, 'events'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name, event, pid]) => [name!, event!, Number(pid)]);
const pidsOf = (name: string): number[] =>
  events()
    .filter(([who, event]) => who === name && event === 'start')
    .map(([, , pid]) => pid);
const alive = (pid: number): boolean => identify(pid) !== undefined;

describe('a stack', () => {
  it('lets the node go on when the master is up, and stops node before master', async () => {
    await stack.start();
    await stack.stop();
    const ordered = events().filter(([, event]) => event !== 'start');
    expect(ordered.map(([name, event]) => `${name} ${event}`)).toEqual([
      'master go',
      'master up',
      'node go',
      'node up',
      'node SIGTERM',
      'master SIGTERM',
    ]);
    expect([...pidsOf('master'), ...pidsOf('node')].filter(alive)).toEqual([]);
  });

  it('logs which process is up beside its own, in no key twice', async () => {
    const lines: string[] = [];
    stack = createStack([], createLogger('start', { destination: { write: (line) => lines.push(line) } }));
    await stack.start();
    const up = lines.filter((line) => line.includes('process is up'));
    expect(up.map((line) => JSON.parse(line) as object)).toMatchObject([
      { pid: process.pid, process: 'master', child_pid: pidsOf('master')[0] },
      { pid: process.pid, process: 'node', child_pid: pidsOf('node')[0] },
    ]);
    expect(up.map((line) => line.match(/"pid":/g)?.length)).toEqual([1, 1]);
  });

  it('loads the master while the Temporal CLI is looked for, and ends it if there is none', async () => {
    settings = { ...settings, temporal: undefined };
    stack = createStack([], undefined, async () => {
      await until(() => existsSync(join(dataDir, 'events')) && pidsOf('master').length === 1);
      throw new Error('no CLI to be had');
    });
    await expect(stack.start()).rejects.toThrow('no CLI to be had');
    await stack.stop();
    expect(events().map(([name, event]) => `${name} ${event}`)).not.toContain('master go');
    expect(pidsOf('master').filter(alive)).toEqual([]);
  });

  it('starts no Temporal any more when it was stopped while the CLI was looked for', async () => {
    settings = { ...settings, temporal: undefined };
    let found!: (binary: string) => void;
    stack = createStack([], undefined, () => new Promise((resolve) => (found = resolve)));
    const started = stack.start();
    await until(() => existsSync(join(dataDir, 'events')) && pidsOf('master').length === 1);
    const stopped = stack.stop();
    found('/no/such/program');
    await expect(started).rejects.toThrow('stopped while it started');
    await stopped;
    expect(pidsOf('master').filter(alive)).toEqual([]);
    expect(readdirSync(join(dataDir, 'run')).filter((file) => file.startsWith('temporal'))).toEqual([]);
  });

  it('starts a killed child again, with the same settings', async () => {
    await stack.start();
    for (const name of ['node', 'master']) {
      process.kill(pidsOf(name).at(-1)!, 'SIGKILL');
      await until(() => pidsOf(name).length === 2);
    }
    await until(async () => (await fetch(`${stack.apiUrl}/v1/cluster/state`)).ok);
    const state = (await (await fetch(`${stack.apiUrl}/v1/cluster/state`)).json()) as {
      here: { pid: number };
    };
    expect(state.here.pid).toBe(pidsOf('node')[1]);
  });

  it('ends when a child says that it cannot run as configured', async () => {
    writeFileSync(join(dataDir, 'node.exit-78'), '');
    await expect(stack.start()).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('node'),
    });
    expect(pidsOf('node')).toHaveLength(1);
  });

  it('goes on trying when a child ends for any other reason', async () => {
    writeFileSync(join(dataDir, 'node.exit-1'), '');
    stack = createStack(['temporal']);
    const started = stack.start();
    await until(() => pidsOf('node').length === 6);
    rmSync(join(dataDir, 'node.exit-1'));
    await started;
    expect(pidsOf('master')).toHaveLength(1);
  });

  it('gives up when a child never gets up, unless it may wait for a server elsewhere', async () => {
    writeFileSync(join(dataDir, 'node.exit-1'), '');
    await expect(stack.start()).rejects.toThrow('the node process does not start: exited with code 1');
    expect(pidsOf('node')).toHaveLength(5);
  });

  it('waits for a node that takes its time, until it is told to hurry', async () => {
    writeFileSync(join(dataDir, 'node.stubborn'), '');
    await stack.start();
    const stopped = stack.stop();
    await until(() => events().some(([name, event]) => name === 'node' && event === 'SIGTERM'));
    expect([...pidsOf('node'), ...pidsOf('master')].map(alive)).toEqual([true, true]);
    await stack.stop(true);
    await stopped;
    expect([...pidsOf('node'), ...pidsOf('master')].map(alive)).toEqual([false, false]);
  });

  it('refuses a data directory that another stack has, and names its process', async () => {
    await stack.start();
    await expect(createStack().start()).rejects.toThrow(`in use by process ${process.pid}`);
  });

  it('refuses a port that is taken, and says how to choose another', async () => {
    const server = createServer().listen(settings.port, '127.0.0.1');
    await once(server, 'listening');
    await expect(stack.start()).rejects.toThrow(
      `Port ${settings.port} on 127.0.0.1 is taken by another program. Choose another: --port N or TEMPOSLICE_PORT=N.`,
    );
    server.close();
  });

  it('ends what a killed run has left, and no process that merely has its pid', async () => {
    const left = forkNode();
    const bystander = forkNode();
    const pids = new PidFiles(join(dataDir, 'run'));
    await Promise.all([once(left, 'message'), once(bystander, 'message')]);
    pids.write('node', left.pid!);
    writeFileSync(
      join(dataDir, 'run', 'master.pid'),
      JSON.stringify({ pid: bystander.pid, started: 'earlier' }),
    );
    await stack.start();
    expect(alive(left.pid!)).toBe(false);
    expect(alive(bystander.pid!)).toBe(true);
    await end(bystander);
  });
});

describe('a supervised process', () => {
  const supervise = (stopGrace: number): SupervisedProcess =>
    new SupervisedProcess({
      name: 'node',
      pids: new PidFiles(join(dataDir, 'run')),
      spawn: () => forkNode(),
      ready: async (child) => void (await once(child, 'message')),
      stopGrace,
    });

  it('is killed when it does not end within its grace', async () => {
    writeFileSync(join(dataDir, 'node.stubborn'), '');
    const node = supervise(300);
    await node.up;
    const since = performance.now();
    await node.stop();
    expect(performance.now() - since).toBeGreaterThan(290);
    expect(pidsOf('node').filter(alive)).toEqual([]);
  });

  it('is not started again when it was stopped while it started', async () => {
    const node = supervise(5_000);
    await node.stop();
    expect(existsSync(join(dataDir, 'events')) ? pidsOf('node').filter(alive) : []).toEqual([]);
    await node.done;
  });

  it('waits longer and longer between starts in vain, and not for long after a healthy run', () => {
    let now = 0;
    const backoff = new Backoff(() => now);
    const waits = [1, 2, 3, 4, 5, 6, 7].map(() => {
      backoff.started();
      return backoff.next();
    });
    expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    backoff.started();
    now += 30_000;
    expect(backoff.next()).toBe(200);
  });
});

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

describe('a process identity', () => {
  it('belongs to one process only, and ends with it', async () => {
    const child = forkNode();
    await once(child, 'message');
    const identity = identify(child.pid!)!;
    expect(isRunning(identity)).toBe(true);
    expect(isRunning({ ...identity, started: `${identity.started}0` })).toBe(false);
    await end(child);
    expect(isRunning(identity)).toBe(false);
    expect(identify(child.pid!)).toBeUndefined();
  });
});

describe('ports', () => {
  const listen = async (): Promise<{ port: number; close: () => void }> => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  };

  it('of the embedded Temporal server are replaced if taken, unless they were asked for', async () => {
    const taken = await listen();
    const wanted = { ...settings, temporal: undefined, temporalPort: taken.port, temporalUiPort: taken.port };
    const chosen = await choosePorts(wanted, new Set());
    expect(chosen.temporalPort).not.toBe(taken.port);
    expect(chosen.temporalUiUrl).toBe(`http://127.0.0.1:${chosen.temporalUiPort}`);
    await expect(choosePorts(wanted, new Set(['temporalPort']))).rejects.toThrow(
      'TEMPOSLICE_TEMPORAL_PORT=N',
    );
    taken.close();
  });
});

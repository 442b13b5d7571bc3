import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identify } from '../../src/workers/process-identity.js';
import { until } from '../support/until.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const PORTS = ['--port', '0', '--temporal-port', '0', '--temporal-ui-port', '0'];

let dataDir: string;
let started: ChildProcess[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'temposlice-stack-'));
  started = [];
});

afterEach(async () => {
  for (const child of started.filter((one) => one.exitCode === null && one.signalCode === null)) {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
  rmSync(dataDir, { recursive: true, force: true });
});

interface Running {
  child: ChildProcess;
  /** What it has said to a person so far. */
  said: () => string;
  exit: Promise<[number | null, NodeJS.Signals | null]>;
}

function temposlice(...args: string[]): Running {
  const child = spawn(process.execPath, [CLI, ...args, '--data-dir', dataDir, ...PORTS], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.push(child);
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { child, said: () => said, exit: once(child, 'close') as Running['exit'] };
}

async function start(): Promise<Running & { api: string; pids: number[] }> {
  const running = temposlice('start');
  await until(() => running.said().includes('Temposlice is ready'), 50_000);
  const api = /REST API +(\S+)/.exec(running.said())![1]!;
  const directory = join(dataDir, 'run');
  const pids = readdirSync(directory)
    .filter((file) => file.endsWith('.pid'))
    .map((file) => (JSON.parse(readFileSync(join(directory, file), 'utf8')) as { pid: number }).pid);
  return { ...running, api, pids };
}

const alive = (pid: number): boolean => identify(pid) !== undefined;
const ok = async (url: string): Promise<boolean> => (await fetch(url)).ok;

it('serves when it says so, and leaves nothing behind when it is stopped', async () => {
  const { child, exit, api, pids } = await start();
  expect(pids).toHaveLength(4);
  expect(await ok(`${api}/healthz`)).toBe(true);
  expect(Object.keys((await (await fetch(`${api}/v1/cluster/state`)).json()) as object)).toHaveLength(1);
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(pids.filter(alive)).toEqual([]);
});

it('takes everything with it when it is killed, and starts again on the same data', async () => {
  const first = await start();
  const job = { name: 'kept', operations: [{ _op: 'data_generator', size: 10 }, { _op: 'noop' }] };
  const submitted = await fetch(`${first.api}/v1/jobs?start=false`, {
    method: 'POST',
    body: JSON.stringify(job),
  });
  const { job_id } = (await submitted.json()) as { job_id: string };
  first.child.kill('SIGKILL');
  await until(() => !first.pids.some(alive));
  const second = await start();
  expect(await ok(`${second.api}/v1/jobs/${job_id}`)).toBe(true);
});

it('runs the demo to its end, with an output that is checked against the data set', async () => {
  const demo = temposlice('demo', '--exit');
  expect(await demo.exit).toEqual([0, null]);
  expect(demo.said()).toMatch(/Status +completed/);
  expect(demo.said()).toMatch(/Slices +858 processed, 0 failed/);
  expect(demo.said()).toMatch(/Checked +every record of the data set that must be there, exactly once/);
});

import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { identify } from '../../src/workers/process-identity.js';
import { until } from '../support/until.js';

const MEMBER = fileURLToPath(new URL('./fixtures/member.mjs', import.meta.url));
const dist = new URL('../../dist', import.meta.url).href;

interface Behaviour {
  /** Code of the error with which it cannot start. */
  failure?: string;
  /** How long its stop takes, in ms. */
  stopsIn?: number;
}

interface Member {
  child: ChildProcess;
  /** What it wrote, line by line, so far. */
  lines: string[];
  ended: Promise<[number | null, NodeJS.Signals | null]>;
}

function observe(child: ChildProcess): Member {
  const lines: string[] = [];
  createInterface(child.stdout!).on('line', (line) => lines.push(line));
  return { child, lines, ended: once(child, 'close') as Member['ended'] };
}

const supervised = (behaviour: Behaviour = {}): Member =>
  observe(fork(MEMBER, [JSON.stringify({ dist, ...behaviour })], { execArgv: [], silent: true }));
const alone = (behaviour: Behaviour = {}): Member =>
  observe(spawn(process.execPath, [MEMBER, JSON.stringify({ dist, ...behaviour })]));

it('tells its supervisor that it is up, and stops in order at SIGTERM', async () => {
  const { child, lines, ended } = supervised({ stopsIn: 50 });
  await once(child, 'message');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(lines).toEqual(['up', 'stopped']);
});

it('leaves Ctrl-C to its supervisor', async () => {
  const { child, lines, ended } = supervised();
  await once(child, 'message');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(lines).toEqual(['up', 'stopped']);
});

it('stops in order at Ctrl-C when nobody supervises it', async () => {
  const { child, lines, ended } = alone();
  await until(() => lines.includes('up'));
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(lines).toEqual(['up', 'stopped']);
});

it('ends at once at a second signal', async () => {
  const { child, lines, ended } = alone({ stopsIn: 600_000 });
  await until(() => lines.includes('up'));
  child.kill('SIGTERM');
  // Equal signals may arrive as one.
  const again = setInterval(() => child.kill('SIGTERM'), 20);
  expect(await ended).toEqual([1, null]);
  clearInterval(again);
  expect(lines).toEqual(['up']);
});

it.each([
  ['EADDRINUSE', 78],
  ['ECONNREFUSED', 1],
])('ends with a code that tells whether starting again can help: %s', async (failure, code) => {
  expect(await supervised({ failure }).ended).toEqual([code, null]);
});

it('ends when its supervisor is gone', async () => {
  const script = `
    const { fork } = require('node:child_process');
    const child = fork(${JSON.stringify(MEMBER)}, [${JSON.stringify(JSON.stringify({ dist, stopsIn: 600_000 }))}]);
    child.once('message', () => console.log(child.pid));`;
  const supervisor = observe(spawn(process.execPath, ['-e', script]));
  await until(() => supervisor.lines.some((line) => /^\d+$/.test(line)));
  const pid = Number(supervisor.lines.find((line) => /^\d+$/.test(line)));
  expect(identify(pid)).toBeDefined();
  supervisor.child.kill('SIGKILL');
  await until(() => identify(pid) === undefined);
});

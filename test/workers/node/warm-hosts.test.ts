import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger } from '../../../src/logger.js';
import type * as Module from '../../../src/workers/node/warm-hosts.js';
import { isAlive } from '../../operations/support/processes.js';
import { until } from '../../support/until.js';
import { cleanUp, leaseOf, run, start, WORKERS_DIRECTORY } from './support/hosts.js';

/** Hosts are forked from compiled code. */
const { WarmHosts, warmWanted } = (await import(
  pathToFileURL(join(WORKERS_DIRECTORY, 'node/warm-hosts.js')).href
)) as typeof Module;

const pools: Array<InstanceType<typeof WarmHosts>> = [];

const warnings: string[] = [];
const logger = { warn: (_fields: unknown, message: string) => warnings.push(message) } as unknown as Logger;

function pool(
  size: number | (() => number),
  calm = () => true,
  directory = tmpdir(),
): InstanceType<typeof WarmHosts> {
  const wanted = typeof size === 'number' ? () => size : size;
  const hosts = new WarmHosts(wanted, 256, calm, directory, logger);
  pools.push(hosts);
  hosts.adjust(0);
  return hosts;
}

afterEach(async () => {
  for (const hosts of pools.splice(0)) hosts.close();
  await cleanUp();
});

it('is wanted for each free slot, with a slicer, up to a limit; none while all slots are taken', () => {
  expect([0, 1, 4, 100].map((free) => warmWanted(free, 8))).toEqual([0, 2, 5, 9]);
  expect(warmWanted(-1, 8)).toBe(0);
  expect(warmWanted(4, 0)).toBe(0);
});

it('holds as many as it should, and replaces one that was taken', async () => {
  const hosts = pool(2);
  await until(() => hosts.pids.length === 2);
  const forked = hosts.take();
  expect(hosts.pids).toHaveLength(1);
  expect(hosts.pids).not.toContain(forked?.process.pid);
  await until(() => hosts.pids.length === 2);
  forked?.process.kill('SIGKILL');
});

it('gives a process that becomes the host of an execution', async () => {
  const hosts = pool(1);
  await until(() => hosts.pids.length === 1);
  const forked = hosts.take();
  const operations = [{ _op: 'test-reader', passthrough_slice: true }, { _op: 'noop' }];
  const { host } = await start({}, { operations }, 256, forked);
  expect(host.pid).toBe(forked?.process.pid);
  await expect(run(host, leaseOf([{}, {}]))).resolves.toMatchObject({ done: 2, failed: [] });
  host.drain();
  await expect(host.ended).resolves.toMatchObject({ outcome: 'flushed', reason: null });
});

it('forgets one that died, and gives the others', async () => {
  const hosts = pool(2);
  await until(() => hosts.pids.length === 2);
  const [first, second] = hosts.pids;
  process.kill(first ?? 0, 'SIGKILL');
  await until(() => hosts.pids.length === 1);
  expect(hosts.take()?.process.pid).toBe(second);
  expect(hosts.take()).toBeUndefined();
  process.kill(second ?? 0, 'SIGKILL');
});

it('makes none while an execution waits for its hosts', async () => {
  let calm = false;
  let asked = 0;
  const hosts = pool(1, () => {
    asked++;
    return calm;
  });
  await until(() => asked > 1);
  expect(hosts.pids).toEqual([]);
  calm = true;
  await until(() => hosts.pids.length === 1);
});

it('ends those for which there is no room any more, and makes others once there is', async () => {
  let room = 2;
  const hosts = pool(() => room);
  await until(() => hosts.pids.length === 2);
  const [first] = hosts.pids as [number];
  room = 1;
  hosts.adjust();
  expect(hosts.pids).toHaveLength(1);
  await until(() => !isAlive(first));
  room = 2;
  hosts.adjust();
  await until(() => hosts.pids.length === 2);
});

it('ends them when it is closed', async () => {
  const hosts = pool(1);
  await until(() => hosts.pids.length === 1);
  const [pid] = hosts.pids;
  hosts.close();
  await until(() => !isAlive(pid ?? 0));
});

it('says so, and is there for others, when none can be forked', async () => {
  const hosts = pool(1, () => true, '/nonexistent');
  await until(() => warnings.length > 0);
  expect(warnings).toEqual(['no host can be forked ahead']);
  expect(hosts.take()).toBeUndefined();
});

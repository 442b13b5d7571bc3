import { jest } from '@jest/globals';
import { readFileSync, existsSync } from 'node:fs';
import { fork as forkProcess, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isAlive } from '../../operations/support/processes.js';
import { until } from '../../support/until.js';
import { FrameReader } from '../../../src/workers/host/frames.js';
import {
  cleanUp,
  fork,
  HOST_MAIN,
  leaseOf,
  makeSetup,
  run,
  slicesOf,
  start,
  type Act,
} from './support/hosts.js';

afterEach(cleanUp);

const NOTHING: Act = {};
const sleep = (ms: number): Act => ({ act: 'sleep', ms });

describe('a lease', () => {
  it('ends with every slice, its failures, and what passed through each operation', async () => {
    const { host } = await start();
    const result = await run(host, leaseOf([NOTHING, { act: 'fail' }, NOTHING]));
    expect(result).toMatchObject({ done: 3, failed: [{ i: 1, retries: 0 }], records: [2, 2] });
    expect(result.failed[0]?.error).toContain('told to fail');
    expect(result).not.toHaveProperty('running');
    expect(host.busy).toBe(false);
    await expect(run(host, leaseOf([NOTHING]))).resolves.toMatchObject({ done: 1, failed: [] });
  });

  it('retries a slice as often as the job says', async () => {
    const { host } = await start({}, { max_retries: 2 });
    const { failed } = await run(host, leaseOf([{ act: 'fail' }]));
    expect(failed).toMatchObject([{ i: 0, retries: 2 }]);
  });

  it.each(['refuse', 'give up'] as const)(
    'does not retry an error that says it is of no use: %s',
    async (act) => {
      const { host } = await start({}, { max_retries: 2 });
      const { failed } = await run(host, leaseOf([{ act }]));
      expect(failed).toMatchObject([{ i: 0, retries: 0, error: expect.stringContaining(`told to ${act}`) }]);
    },
  );

  it('ends with a fatal error, after which the host ends in order', async () => {
    const { host, flushed } = await start();
    const result = await run(host, leaseOf([NOTHING, { act: 'give up' }, NOTHING]));
    expect(result).toMatchObject({ done: 2, failed: [{ i: 1 }] });
    // So it gets no other.
    expect(host.counts).toBe(false);
    await expect(host.ended).resolves.toEqual({ outcome: 'flushed', reason: null, early: false });
    expect(readFileSync(flushed, 'utf8')).toBe('flushed');
  });

  it.each(['finish fatally', 'finish badly'])('counts a slice whose last hook fails: %s', async (behave) => {
    const { host } = await start({}, { env_vars: { BEHAVE: behave } });
    const isFatal = behave === 'finish fatally';
    const { done, failed } = await run(host, leaseOf([NOTHING, NOTHING]));
    expect([done, failed]).toEqual([isFatal ? 1 : 2, []]);
    expect(host.counts).toBe(!isFatal);
  });

  it('starts no further slice once its budget is spent', async () => {
    const { host } = await start();
    const { done, ms } = await run(host, leaseOf(Array<Act>(50).fill(sleep(20)), { budget: 150 }));
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(12);
    expect(ms).toBeGreaterThanOrEqual(150);
  });

  it.each([
    ['sleep', sleep(20)],
    ['never wait', NOTHING],
  ])('ends with the slice at hand when it is cancelled among slices that %s', async (_how, act) => {
    const { host, begun } = await start();
    const cancelled = new AbortController();
    const result = run(host, leaseOf([sleep(1), ...Array<Act>(100_000).fill(act)]), cancelled.signal);
    await begun();
    cancelled.abort();
    const { done, failed } = await result;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(100_000);
    expect(failed).toEqual([]);
    expect(host.busy).toBe(false);
  });
});

describe('a host that dies', () => {
  it('is answered for up to the slice that killed it', async () => {
    const { host } = await start();
    const result = await run(host, leaseOf([NOTHING, { act: 'fail' }, NOTHING, { act: 'exit' }, NOTHING]));
    expect(result).toMatchObject({
      done: 3,
      failed: [{ i: 1 }],
      died: expect.stringContaining('exit code 1'),
    });
    await expect(host.ended).resolves.toMatchObject({ outcome: 'lost', early: false });
  });

  it('is answered for exactly, however many trivial slices came before', async () => {
    const { host } = await start();
    const acts = [...Array<Act>(3_000).fill(NOTHING), { act: 'exit' } as const];
    await expect(run(host, leaseOf(acts))).resolves.toMatchObject({ done: 3_000, died: expect.any(String) });
  });

  it.each([75, 0])('is blamed on its slice also when that exits with code %i', async (ms) => {
    const { host } = await start();
    const result = await run(host, leaseOf([NOTHING, { act: 'exit', ms }]));
    expect(result).toMatchObject({ done: 1, died: expect.stringContaining(`exit code ${ms}`) });
  });

  it('is said to have run out of memory when it has', async () => {
    // Passed on, V8's last words would be taken for the test runner's own.
    const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { host } = await start({}, {}, 64);
    const { done, died } = await run(host, leaseOf([NOTHING, { act: 'hog' }]));
    expect([done, died]).toEqual([1, expect.stringContaining('ran out of memory (limit 64 MB')]);
    expect(stderr.mock.calls.map(([chunk]) => String(chunk)).join('')).toContain('heap');
    stderr.mockRestore();
  });

  it('is killed, and the slice blamed, when a slice runs longer than slice_timeout', async () => {
    const { host } = await start({}, { slice_timeout: 300 });
    const { done, died } = await run(
      host,
      leaseOf([sleep(100), sleep(100), sleep(100), sleep(100), { act: 'spin' }]),
    );
    expect([done, died]).toEqual([4, expect.stringContaining('longer than slice_timeout (300 ms)')]);
  });

  it('leaves no slice to blame when its node killed it, and says which was cut short', async () => {
    const { host, begun } = await start();
    const result = run(host, leaseOf([NOTHING, { act: 'spin' }]));
    await begun();
    host.kill('cut off');
    await expect(result).resolves.toEqual({ done: 1, failed: [], cut: 1, ms: expect.any(Number) });
    await expect(host.ended).resolves.toEqual({ outcome: 'lost', reason: 'cut off', early: false });
  });

  it('before it was ready has nothing to flush, and says why', async () => {
    const { host } = fork({}, { env_vars: { BEHAVE: 'init' } });
    await expect(host.ended).resolves.toEqual({
      outcome: 'flushed',
      reason: expect.stringContaining('told not to start'),
      early: true,
    });
  });

  it('before it was ready is not held against its execution if it was the node that ended it', async () => {
    const { host } = fork();
    host.kill('cut off');
    await expect(host.ended).resolves.toEqual({ outcome: 'flushed', reason: 'cut off', early: false });
    const drained = fork().host;
    drained.drain();
    await expect(drained.ended).resolves.toMatchObject({ outcome: 'flushed', early: false });
  });
});

describe('draining', () => {
  it('lets the slice at hand end, and flushes', async () => {
    const { host, flushed, begun } = await start();
    const result = run(host, leaseOf([sleep(500), NOTHING]));
    await begun();
    host.drain();
    expect(host.counts).toBe(false);
    await expect(result).resolves.toMatchObject({ done: 1, failed: [] });
    await expect(host.ended).resolves.toEqual({ outcome: 'flushed', reason: null, early: false });
    expect(readFileSync(flushed, 'utf8')).toBe('flushed');
  });

  it('flushes also when its last slice failed', async () => {
    const { host, flushed } = await start();
    await run(host, leaseOf([NOTHING, { act: 'fail' }]));
    host.drain();
    await expect(host.ended).resolves.toMatchObject({ outcome: 'flushed' });
    expect(existsSync(flushed)).toBe(true);
  });

  it('tells of a flush that failed', async () => {
    const { host, flushed } = await start({}, { env_vars: { BEHAVE: 'flush' } });
    await run(host, leaseOf([NOTHING]));
    host.drain();
    await expect(host.ended).resolves.toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('told not to flush'),
    });
    expect(existsSync(flushed)).toBe(false);
  });

  it.each([
    ['hangs', 'flush and hang', 'did not end within the shutdown timeout (500 ms)'],
    ['takes its process with it', 'flush and exit', 'exit code 1'],
  ])('takes a flush that %s for one that failed', async (_how, behave, reason) => {
    const { host } = await start({ shutdownTimeout: 500 }, { env_vars: { BEHAVE: behave } });
    await run(host, leaseOf([NOTHING]));
    host.drain();
    await expect(host.ended).resolves.toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(
        new RegExp(`^its flush did not end: .*${reason.replace(/[()]/g, '\\$&')}`),
      ),
    });
  });

  it('takes a host for lost whose flush somebody else cut off', async () => {
    const { host } = await start({}, { env_vars: { BEHAVE: 'flush and hang' } });
    await run(host, leaseOf([NOTHING]));
    host.drain();
    process.kill(host.pid as number, 'SIGKILL');
    await expect(host.ended).resolves.toMatchObject({ outcome: 'lost' });
  });

  it('ends a host that does not end within the shutdown timeout, and blames no slice', async () => {
    const { host, begun } = await start({ shutdownTimeout: 300 });
    const result = run(host, leaseOf([NOTHING, { act: 'spin' }, NOTHING]));
    await begun();
    host.drain();
    const { died } = await result;
    expect(died).toBeUndefined();
    await expect(host.ended).resolves.toMatchObject({ outcome: 'lost', early: false });
  });
});

describe('a host without its node', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it.each<Act>([sleep(60_000), { act: 'spin' }])(
    'ends when its node dies, in the middle of $act',
    async (act) => {
      const owner = forkProcess(fileURLToPath(new URL('./fixtures/host-owner.mjs', import.meta.url)), {
        execArgv: [],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      children.push(owner);
      owner.send({ setup: makeSetup(), slices: slicesOf([act]) });
      const [{ pid }] = (await once(owner, 'message')) as [{ pid: number }];
      expect(isAlive(pid)).toBe(true);
      owner.kill('SIGKILL');
      await until(() => !isAlive(pid), 5_000);
    },
  );

  it('ends when it is not pinged for the fence timeout, and says so', async () => {
    const child = forkProcess(HOST_MAIN, ['worker', 'ex'], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
    });
    children.push(child);
    const said: string[] = [];
    const reader = new FrameReader(({ type }) => said.push(type));
    (child.stdio[4] as Readable).on('data', (chunk: Buffer) => reader.push(chunk));
    child.send({ type: 'setup', setup: makeSetup({ fenceSeconds: 2 }) });
    const pings = setInterval(() => child.send({ type: 'ping' }), 500);
    const exit = once(child, 'close');
    // Pinged, it lives past its fence timeout.
    await new Promise((wake) => setTimeout(wake, 4_000));
    clearInterval(pings);
    expect(child.exitCode).toBeNull();
    await expect(exit).resolves.toEqual([1, null]);
    expect(said).toEqual(['loaded', 'ready', 'fenced']);
  });
});

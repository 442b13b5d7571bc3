import type { LeaseResult } from '../../../src/workflows/types.js';
import { until } from '../../support/until.js';
import { cleanUp, leaseOf, run, slicesOf, start, type Act, type Host } from './support/hosts.js';

/** Slices that outlast their leases: each test waits for the five seconds of overtime, so all begin together. */

afterAll(cleanUp);

interface Case {
  host: Host;
  result: LeaseResult;
}

/** Runs slices until the lease is answered; `suspend`: the host is stopped before it takes the lease up. */
async function outlast(
  acts: Act[],
  options: {
    suspend?: boolean;
    shutdownTimeout?: number;
    behave?: string;
    budget?: number;
  } = {},
): Promise<Case> {
  const { host } = await start(
    { shutdownTimeout: options.shutdownTimeout ?? 10_000 },
    { env_vars: { BEHAVE: options.behave ?? '' } },
  );
  if (options.suspend) process.kill(host.pid as number, 'SIGSTOP');
  const result = await run(host, leaseOf(acts, { budget: options.budget ?? 1 }));
  if (options.suspend) process.kill(host.pid as number, 'SIGCONT');
  return { host, result };
}

const outcome = ({ host }: Case, order: number) => {
  const slice = slicesOf(Array<Act>(order).fill({})).at(-1);
  return slice && host.leases.outcomes.of(slice);
};

let completes: Case, dies: Case, ended: Case, suspended: Case, behind: Case, long: Case;

beforeAll(async () => {
  [completes, dies, ended, suspended, behind, long] = await Promise.all([
    outlast([{ act: 'sleep', ms: 7_500 }, {}]),
    outlast([{ act: 'spin' }]),
    outlast([{ act: 'sleep', ms: 60_000 }], { shutdownTimeout: 200 }),
    outlast([{}, { act: 'fail' }, {}], { suspend: true }),
    outlast([{ act: 'sleep', ms: 7_500 }], { behave: 'exit behind' }),
    outlast([{}, { act: 'sleep', ms: 60_000 }, {}], { budget: 600_000 }),
  ]);
});

it('is answered as running, with where it runs', () => {
  expect(completes.result).toMatchObject({
    done: 0,
    failed: [],
    running: { node: 'node-a', host: 'host-1' },
  });
});

it('is answered as running before the budget is over if it holds up those behind it', () => {
  expect(long.result).toMatchObject({ done: 1, failed: [], running: { host: 'host-1' } });
});

it('keeps its host busy, and its outcome can be collected as often as asked', async () => {
  const { host } = completes;
  expect(outcome(completes, 2)).toBeUndefined();
  await expect(outcome(completes, 1)).resolves.toMatchObject({ outcome: 'completed', records: [1, 1] });
  await expect(outcome(completes, 1)).resolves.toMatchObject({ outcome: 'completed' });
  await until(() => !host.busy && host.counts);
  await expect(run(host, leaseOf([{}, {}]))).resolves.toMatchObject({ done: 2 });
});

it('is blamed for the death of its host', async () => {
  expect([dies.host.busy, dies.host.counts]).toEqual([true, false]);
  process.kill(dies.host.pid as number, 'SIGKILL');
  await expect(outcome(dies, 1)).resolves.toEqual({
    outcome: 'died',
    reason: expect.stringContaining('SIGKILL'),
  });
});

it('is not blamed when the node ended its host', async () => {
  ended.host.drain();
  await expect(outcome(ended, 1)).resolves.toEqual({ outcome: 'ended' });
});

it('is completed only if it ran, and answers for no other slice', async () => {
  expect(suspended.result).toMatchObject({ done: 0, running: { host: 'host-1' } });
  const kept = await outcome(suspended, 1);
  if (kept?.outcome === 'completed') expect(kept.records).toEqual([1, 1]);
  else expect(kept).toEqual({ outcome: 'ended' });
  await until(() => !suspended.host.busy);
  await expect(run(suspended.host, leaseOf([{}]))).resolves.toMatchObject({ done: 1, failed: [] });
});

it('stays completed when its host dies behind it', async () => {
  await expect(outcome(behind, 1)).resolves.toMatchObject({ outcome: 'completed' });
  await expect(behind.host.ended).resolves.toMatchObject({ outcome: 'lost' });
});

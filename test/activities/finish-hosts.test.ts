import { pino } from 'pino';
import { masterActivities } from '../../src/activities/records.js';
import type { HostOutcome, HostRow, Store } from '../../src/store/types.js';
import { Placement } from '../../src/workers/placement/placement.js';
import { makeExecution, makeJob } from '../support/executions.js';
import { pgliteSource, type StoreSource } from '../support/stores.js';
import { until } from '../support/until.js';
import { environmentOf } from './support/environment.js';

const FENCE_MS = 60_000;
let source: StoreSource;
let store: Store;
let placement: Placement;

beforeAll(async () => {
  source = await pgliteSource();
  store = await source.open();
  placement = new Placement(store, FENCE_MS, pino({ level: 'silent' }));
}, 60_000);
afterAll(async () => {
  placement.stop();
  await store.close();
  await source.dispose();
});

/** An execution with one worker host, which ended this way, so many ms ago. */
async function endedHost(outcome: HostOutcome, ago = 0): Promise<HostRow> {
  const job = makeJob();
  await store.jobs.insert(job);
  const execution = makeExecution({ job_id: job.job_id, workers: 1 });
  await store.executions.insert(execution);
  const { ex_id } = execution;
  await store.placement.presence({
    ...{ node_id: `of ${ex_id}`, incarnation: 'first', hostname: 'machine', pid: 1, slots: 2 },
    ...{ node_version: 'v20.11.0', version: '0.1.0', draining: false, seen: new Date().toISOString() },
  });
  placement.kick();
  await until(async () => (await store.placement.hostsOf(ex_id)).length === 2);
  for (const host of await store.placement.hostsOf(ex_id)) {
    const worker = host.kind === 'worker';
    await store.placement.updateHost(host.host_id, {
      state: 'ended',
      outcome: worker ? outcome : 'flushed',
      reason: outcome,
      updated: new Date(Date.now() - ago).toISOString(),
    });
  }
  await store.placement.removeNode({ node_id: `of ${ex_id}`, incarnation: 'first' });
  const hosts = await store.placement.hostsOf(ex_id);
  return hosts.find(({ kind }) => kind === 'worker') as HostRow;
}

const finish = ({ ex_id: exId }: HostRow): Promise<{ failed: string[]; lost: number }> => {
  const { finishHosts } = masterActivities({ store, placement, fenceTimeout: FENCE_MS });
  return environmentOf().run(finishHosts, { exId });
};

it.each([
  ['flushed', { failed: [], lost: 0 }],
  ['lost', { failed: [], lost: 1 }],
] as const)('answers at once when all hosts have ended: %s', async (outcome, expected) => {
  await expect(finish(await endedHost(outcome))).resolves.toEqual(expected);
});

it('waits for a host that was given up for silence, and takes what it says after all', async () => {
  const host = await endedHost('silent');
  let answered = false;
  const answer = finish(host).finally(() => (answered = true));
  // It has looked: nobody may get a worker any more.
  await until(async () => (await store.executions.get(host.ex_id))?.workers_wanted === 0);
  expect(answered).toBe(false);
  await store.placement.settleSilent(host.host_id, { outcome: 'failed', reason: 'disk full' });
  await expect(answer).resolves.toEqual({ failed: [`${host.host_id}: disk full`], lost: 0 });
});

it('waits no longer than it takes a node that is cut off to end its hosts', async () => {
  await expect(finish(await endedHost('silent', FENCE_MS + 1_000))).resolves.toEqual({ failed: [], lost: 1 });
});

it('waits on for one that was given up long ago, and came back', async () => {
  const stayed = await endedHost('silent', FENCE_MS + 1_000);
  // By force it is to end; that says nothing new about one of which nobody has heard.
  await store.placement.force(stayed.ex_id);
  await expect(finish(stayed)).resolves.toEqual({ failed: [], lost: 1 });

  const came = await endedHost('silent', FENCE_MS + 1_000);
  const ids = (await store.placement.hostsOf(came.ex_id)).map(({ host_id }) => host_id);
  const returned = await store.placement.stillAlive(ids);
  expect(returned.map(({ host_id }) => host_id)).toEqual([came.host_id]);
  let answered = false;
  const answer = finish(came).finally(() => (answered = true));
  await until(async () => (await store.executions.get(came.ex_id))?.workers_wanted === 0);
  expect(answered).toBe(false);
  await store.placement.settleSilent(came.host_id, { outcome: 'failed', reason: 'disk full' });
  await expect(answer).resolves.toEqual({ failed: [`${came.host_id}: disk full`], lost: 0 });
});

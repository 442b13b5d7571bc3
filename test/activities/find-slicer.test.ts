import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { pino } from 'pino';
import { findSlicer } from '../../src/activities/find-slicer.js';
import type { HostRow, NodeRow, Store } from '../../src/store/types.js';
import { Placement } from '../../src/workers/placement/placement.js';
import { makeExecution, makeJob } from '../support/executions.js';
import { pgliteSource, type StoreSource } from '../support/stores.js';
import { until } from '../support/until.js';
import { environmentOf } from './support/environment.js';

/** More than are let in. */
const COUNT = 60;

let source: StoreSource;
let store: Store;
let placement: Placement;
/** In the order in which they get their slicers. */
let exIds: string[];
let looks: number;

beforeAll(async () => {
  source = await pgliteSource();
  store = await source.open();
}, 60_000);

afterAll(async () => {
  await store.close();
  await source.dispose();
});

beforeEach(async () => {
  placement = new Placement(store, 30_000, pino({ level: 'silent' }));
  exIds = [];
  for (let i = 0; i < COUNT; i++) {
    const job = makeJob();
    await store.jobs.insert(job);
    const execution = makeExecution({ job_id: job.job_id, workers: 1 });
    await store.executions.insert(execution);
    exIds.push(execution.ex_id);
  }
  placement.start();
  await until(() => placement.waitsBehind(nth(COUNT - 1)) === COUNT - 1);
  looks = 0;
});

afterEach(async () => {
  placement.stop();
  for (const exId of exIds) await store.executions.close(exId, 9, 'stopped', {}, null);
  for (const node of await store.placement.nodes()) await store.placement.removeNode(node);
});

const nth = (i: number): string => exIds[i] as string;

const watched: Pick<Store, 'placement'> = {
  get placement() {
    const { liveHosts } = store.placement;
    return {
      ...store.placement,
      liveHosts: (filter?: Parameters<typeof liveHosts>[0]) => (looks++, liveHosts(filter)),
    };
  },
};

const find = (exId: string, environment = environmentOf()): Promise<{ epoch: number }> =>
  environment.run(findSlicer(watched, placement), { exId });

async function addNode(slots: number): Promise<void> {
  const node: NodeRow = {
    ...{ node_id: 'node', incarnation: 'first', hostname: 'machine', pid: 7, slots },
    ...{ node_version: 'v20.11.0', version: '0.1.0', seen: new Date().toISOString(), draining: false },
  };
  await store.placement.presence(node);
  placement.kick();
}

const slicerOf = async (exId: string): Promise<HostRow | undefined> =>
  (await store.placement.hostsOf(exId)).find(({ kind }) => kind === 'slicer');

it('answers as soon as the slicer is placed, and asks the store once for it', async () => {
  const found = find(nth(0));
  // Each of these wakes who waits, as the hosts of others do that come and go.
  for (let i = 0; i < 50; i++) placement.changed();
  await new Promise((resolve) => setImmediate(resolve));
  expect(looks).toBe(0);
  await addNode(1);
  expect(await found).toEqual({ epoch: (await slicerOf(nth(0)))?.epoch });
  expect(looks).toBe(1);
});

it('sends away who is far back, to come again the later, the further back', async () => {
  const failure = await find(nth(COUNT - 1)).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ nonRetryable: false, type: 'NO_SLICER_YET' });
  const delay = Number((failure as ApplicationFailure).nextRetryDelay);
  expect(delay).toBeGreaterThan(1_000);
  expect(delay).toBeLessThan(60_000);
  expect(looks).toBe(0);
});

it('sends away who waits and finds others before it again', async () => {
  await addNode(20);
  await until(() => placement.waitsBehind(nth(COUNT - 1)) === COUNT - 1 - 20);
  const found = find(nth(COUNT - 1)).catch((error: unknown) => error);
  const hosts = await store.placement.liveHosts({ node_id: 'node' });
  await store.placement.removeNode({ node_id: 'node', incarnation: 'first' });
  placement.kick();
  expect(await found).toMatchObject({ type: 'NO_SLICER_YET' });
  expect(hosts.length).toBeGreaterThan(0);
});

it('finds the slicer of one that waits for none, and of one that is not in line yet', async () => {
  await addNode(1);
  await until(async () => (await slicerOf(nth(0))) !== undefined);
  const job = makeJob();
  await store.jobs.insert(job);
  const late = makeExecution({ job_id: job.job_id, workers: 1 });
  const environment = environmentOf();
  const found = find(late.ex_id, environment).catch((error: unknown) => error);
  await store.executions.insert(late);
  exIds.push(late.ex_id);
  placement.kick();
  expect(await found).toMatchObject({ type: 'NO_SLICER_YET' });
  expect(await find(nth(0))).toEqual({ epoch: 1 });
});

it('ends when it is cancelled', async () => {
  const environment = environmentOf();
  const found = find(nth(1), environment);
  environment.cancel();
  await expect(found).rejects.toBeInstanceOf(CancelledFailure);
});

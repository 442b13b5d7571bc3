import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { masterActivities } from '../../src/activities/records.js';
import type { SliceTuple, Store } from '../../src/store/types.js';
import { Placement } from '../../src/workers/placement/placement.js';
import { FAILURES_REFUSED } from '../../src/workflows/types.js';
import { makeExecution, makeJob } from '../support/executions.js';
import { pgliteSource, type StoreSource } from '../support/stores.js';

let source: StoreSource;
let store: Store;

beforeAll(async () => {
  source = await pgliteSource();
  store = await source.open();
}, 60_000);

afterAll(async () => {
  await store.close();
  await source.dispose();
});

it('fails for recovered slices that are not there, and does not send the run to the same place again', async () => {
  const job = makeJob();
  await store.jobs.insert(job);
  const { ex_id: exId, ...execution } = makeExecution({ job_id: job.job_id });
  const start = { last: [], slicerDone: true, replayOnly: true };
  await store.executions.insert({ ex_id: exId, ...execution }, { start, slices: [[0, 1, '{}', 'id']] });
  const placement = new Placement(store, 30_000, pino({ level: 'silent' }));
  const pages = { ...store.pages };
  const { recoveredSlices } = masterActivities({
    store: { ...store, pages },
    placement,
    fenceTimeout: 30_000,
  });
  const ask = () => recoveredSlices({ exId, position: 0, limit: 10, bytes: 1_000 });
  await expect(ask()).resolves.toEqual({ slices: [[0, 1, '{}', 'id']], next: null });
  pages.recovered = async () => [];
  await expect(ask()).rejects.toThrow(`recovered slices of ${exId} are missing from 0 on`);
});

it.each([
  ['a slicer that is no integer', [1.5, 1, '{}'], '22P02'],
  ['an id that no index holds', [0, 1, '{}', randomBytes(10_000).toString('hex')], '54000'],
] satisfies Array<[string, SliceTuple, string]>)(
  'fails for good for a failed slice with %s, which the store refuses each time',
  async (_, slice, sqlState) => {
    const placement = new Placement(store, 30_000, pino({ level: 'silent' }));
    const { recordFailures } = masterActivities({ store, placement, fenceTimeout: 30_000 });
    const slices = [{ slice, error: 'it threw', retries: 0 }];
    await expect(recordFailures({ exId: randomUUID(), slices })).rejects.toMatchObject({
      type: FAILURES_REFUSED,
      nonRetryable: true,
      message: expect.stringContaining(sqlState),
    });
  },
);

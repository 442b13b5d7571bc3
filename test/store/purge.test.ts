import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { makeExecution, makeJob } from '../support/executions.js';
import { SOURCES, type StoreSource } from '../support/stores.js';
import type { ExecutionDocument, FailedSlice, HostRow, Store } from '../../src/store/index.js';
import { migrate } from '../../src/store/migrations.js';
import { openPglite } from '../../src/store/pglite.js';
import type { Schema } from '../../src/store/schema.js';
import { sweepPurged } from '../../src/store/tables/purge.js';

const LONG_AGO = '2020-01-01T00:00:00.000Z';
const BEFORE = '2021-01-01T00:00:00.000Z';

describe.each(SOURCES)('purging executions in %s', (_kind, makeSource) => {
  let source: StoreSource;
  let store: Store;

  beforeAll(async () => {
    source = await makeSource();
    store = await source.open();
  }, 60_000);

  afterAll(async () => {
    await store.close();
    await source.dispose();
  });

  /** An execution that ended long ago, unless the changes say otherwise. */
  const insert = async (changes: Partial<ExecutionDocument> = {}): Promise<string> => {
    const times = { _created: LONG_AGO, _updated: LONG_AGO };
    const doc = makeExecution({ _status: 'completed', ...times, ...changes });
    await store.executions.insert(doc);
    return doc.ex_id;
  };
  /** One of a job that ran again since. */
  const insertOld = async (changes: Partial<ExecutionDocument> = {}): Promise<string> => {
    const job = makeJob();
    await store.jobs.insert(job);
    const exId = await insert({ job_id: job.job_id, ...changes });
    await insert({
      job_id: job.job_id,
      _created: new Date().toISOString(),
      _updated: new Date().toISOString(),
    });
    return exId;
  };
  const purge = async (limit = 100): Promise<number> => store.purge.executions(BEFORE, limit);
  const there = async (exId: string): Promise<boolean> => (await store.executions.get(exId)) !== undefined;
  const failure = (exId: string, order: number): FailedSlice => ({
    ex_id: exId,
    slice_id: randomUUID(),
    slicer_id: 0,
    slicer_order: order,
    request: '{}',
    state: 'error',
    error: 'no',
    _created: LONG_AGO,
    _updated: LONG_AGO,
  });
  const host = (exId: string, state: HostRow['state']): HostRow => ({
    host_id: randomUUID(),
    ex_id: exId,
    node_id: 'node',
    incarnation: 'one',
    kind: 'worker',
    epoch: 0,
    state,
    draining: false,
    pid: 1,
    busy: false,
    recoverable: null,
    outcome: state === 'ended' ? 'flushed' : null,
    reason: null,
    created: LONG_AGO,
    updated: LONG_AGO,
  });

  it('removes an old one with all that hangs on it, and nothing of another', async () => {
    const old = await insertOld();
    const recent = await insertOld({ _updated: '2021-01-01T00:00:00.001Z' });
    for (const exId of [old, recent]) {
      await store.failures.write([failure(exId, 1), failure(exId, 2)]);
      await store.pages.writePage(exId, 'page', [[0, 1, '{}']]);
      await store.placement.exclusively((tables) => tables.insertHosts([host(exId, 'ended')]));
      await store.audit.append({ action: 'test', ex_id: exId });
    }
    expect(await purge()).toBe(1);
    expect([await there(old), await there(recent)]).toEqual([false, true]);
    expect([await store.failures.count(old), await store.failures.count(recent)]).toEqual([0, 2]);
    await expect(store.pages.readPage(old, 'page')).rejects.toThrow('is not in the store');
    expect(await store.pages.readPage(recent, 'page')).toBeDefined();
    expect((await store.placement.hostsOf(old)).length).toBe(0);
    expect((await store.placement.hostsOf(recent)).length).toBe(1);
    expect(await purge()).toBe(0);
  });

  it('removes as many as it is told to, the oldest first', async () => {
    const second = await insertOld({ _updated: '2020-01-03T00:00:00.000Z' });
    const first = await insertOld({ _updated: '2020-01-02T00:00:00.000Z' });
    expect(await purge(1)).toBe(1);
    expect([await there(first), await there(second)]).toEqual([false, true]);
    expect(await purge(1)).toBe(1);
  });

  it('keeps what is needed: active, with living hosts, recovered from, or the latest of its job', async () => {
    const active = await insertOld({ _status: 'running' }).catch(() => undefined);
    expect(active).toBeDefined();
    const hosted = await insertOld();
    await store.placement.exclusively((tables) => tables.insertHosts([host(hosted, 'live')]));
    const source = await insertOld();
    await insert({ _status: 'running', recovered_execution: source, _updated: new Date().toISOString() });
    const job = makeJob();
    await store.jobs.insert(job);
    const latest = await insert({ job_id: job.job_id });
    expect(await purge()).toBe(0);
    await store.jobs.remove(job.job_id, new Date().toISOString());
    expect(await purge()).toBe(0);
    expect(await store.purge.executions(new Date(Date.now() + 1_000).toISOString(), 1_000)).toBeGreaterThan(
      0,
    );
    expect(await there(latest)).toBe(false);
    expect(await Promise.all([active!, hosted, source].map(there))).toEqual([true, true, true]);
  });

  it('refuses a recovery from an execution that was removed meanwhile', async () => {
    const old = await insertOld();
    const slices = async function* (): AsyncGenerator<[number, number, string]> {
      yield [0, 1, '{}'];
      await purge();
    };
    const doc = makeExecution({ recovered_execution: old });
    const start = { last: [], slicerDone: true, replayOnly: true };
    await expect(store.executions.insert(doc, { start, slices: slices() })).rejects.toMatchObject({
      code: 'EX_NOT_FOUND',
    });
    expect(await there(doc.ex_id)).toBe(false);
  });

  it('sweeps what an interrupted purge left, but not slices that are being staged', async () => {
    const gone = randomUUID();
    await store.failures.write([failure(gone, 1)]);
    await store.pages.writePage(gone, 'page', [[0, 1, '{}']]);
    const kept = await insertOld({ _updated: new Date().toISOString() });
    await store.failures.write([failure(kept, 1)]);
    const source = await insertOld({ _updated: new Date().toISOString() });
    const doc = makeExecution({ recovered_execution: source });
    const slices = async function* (): AsyncGenerator<[number, number, string]> {
      for (let order = 1; order <= 2_001; order++) yield [0, order, '{}'];
      await store.purge.sweep(BEFORE);
    };
    await store.executions.insert(doc, {
      start: { last: [], slicerDone: true, replayOnly: true },
      slices: slices(),
    });
    expect([await store.failures.count(gone), await store.failures.count(kept)]).toEqual([0, 1]);
    await expect(store.pages.readPage(gone, 'page')).rejects.toThrow('is not in the store');
    await expect(store.pages.recovered(doc.ex_id, 0, 5_000, 1e9)).resolves.toHaveLength(2_001);
  });
});

it('forgets requests that made no execution once they are old', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'temposlice-purge-'));
  const { dialect, unlock } = await openPglite(dataDir);
  const db = new Kysely<Schema>({ dialect });
  await migrate(db);
  const entries = [
    { action: 'old', at: LONG_AGO },
    { action: 'recent', at: BEFORE },
  ];
  await db.insertInto('audit').values(entries).execute();
  await sweepPurged(db, BEFORE);
  expect(await db.selectFrom('audit').select('action').execute()).toEqual([{ action: 'recent' }]);
  await db.destroy();
  unlock();
  await rm(dataDir, { recursive: true });
}, 60_000);

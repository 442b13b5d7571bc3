import { makeCounters, makeExecution, makeJob, makeLedger } from '../support/executions.js';
import { SOURCES, type StoreSource } from '../support/stores.js';
import {
  INIT_STATUSES,
  RUNNING_STATUSES,
  TERMINAL_STATUSES,
  type ExecutionDocument,
  type ExecutionStatus,
  type Store,
} from '../../src/store/index.js';
import { listed } from '../support/listed.js';

describe.each(SOURCES)('executions in %s', (_kind, makeSource) => {
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

  const insert = async (changes: Partial<ExecutionDocument> = {}): Promise<ExecutionDocument> => {
    const doc = makeExecution(changes);
    await store.executions.insert(doc);
    return doc;
  };
  const statusOf = async (exId: string) => (await store.executions.get(exId))?.doc._status;

  it('gives an execution back as it was inserted, with its row fresh', async () => {
    const doc = await insert({ zebra: 'NUL \0 \ud800', apple: { '10': 1, b: 2 }, workers: 7 });
    const row = await store.executions.get(doc.ex_id);
    expect(JSON.stringify(row?.doc)).toBe(JSON.stringify(doc));
    expect({ ...row, doc: undefined }).toEqual({
      workers_wanted: 7,
      status_seq: 0,
      counters_seq: 0,
      counters: null,
      report: null,
      closed: false,
      recovery: null,
      recovered_at_insert: 0,
    });
  });

  it('knows nothing of an execution that was not inserted', async () => {
    await expect(store.executions.get('none')).resolves.toBeUndefined();
    await expect(store.executions.latest('none')).resolves.toBeUndefined();
    await expect(store.executions.setStatus('none', 1, 'running')).resolves.toBeUndefined();
    await expect(store.executions.claim('none', 1)).resolves.toBe(false);
    await expect(store.executions.close('none', 1, 'failed', {}, null)).resolves.toBeUndefined();
    await expect(store.executions.setWorkersWanted('none', 1)).resolves.toBe(false);
  });

  it('has one active execution a job, whoever comes first', async () => {
    const job = makeJob();
    await store.jobs.insert(job);
    const attempts = Array.from({ length: 5 }, () =>
      store.executions.insert(makeExecution({ job_id: job.job_id })),
    );
    const outcomes = await Promise.allSettled(attempts);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(4);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'JOB_ACTIVE', status: 409 });

    const [active] = (await store.executions.active()).filter((ex) => ex.job_id === job.job_id);
    await store.executions.setStatus(active?.ex_id ?? '', 1, 'stopped');
    await expect(insert({ job_id: job.job_id })).resolves.toBeDefined();
  });

  it('finds the latest execution of a job, also within one millisecond', async () => {
    const first = await insert({ _status: 'completed' });
    const second = await insert({ job_id: first.job_id, _created: first._created, _status: 'failed' });
    await insert({ job_id: first.job_id, _created: '2001-01-01T00:00:00.000Z', _status: 'failed' });
    expect((await store.executions.latest(first.job_id))?.doc.ex_id).toBe(second.ex_id);
  });

  describe('status', () => {
    it('is taken with its patch, and changes the time of the last update', async () => {
      const doc = await insert({ _updated: '2001-01-01T00:00:00.000Z' });
      const patch = {
        slicer_hostname: 'node-1',
        slicer_port: 1,
        _failureReason: 'a \ufffd reason with half of \ufffd',
        zebra: { a: 1 },
      };
      const given = { ...patch, _failureReason: 'a \0 reason with half of \ud83d' };
      const row = await store.executions.setStatus(doc.ex_id, 3, 'initializing', given);
      expect(row).toMatchObject({ status_seq: 3, closed: false, doc: { ...patch, _status: 'initializing' } });
      expect(Date.now() - Date.parse(row?.doc._updated ?? '')).toBeLessThan(10_000);
      await expect(store.executions.get(doc.ex_id)).resolves.toEqual(row);
      const next = await store.executions.setStatus(doc.ex_id, 4, 'running', { slicer_port: undefined });
      expect(next?.doc).toMatchObject({ ...patch, _status: 'running' });
    });

    it('brings no other identity or age with its patch', async () => {
      const doc = await insert();
      const patch = { ex_id: 'other', job_id: 'other', _created: '1999-01-01T00:00:00.000Z' };
      const row = await store.executions.setStatus(doc.ex_id, 1, 'running', patch);
      expect(row?.doc).toEqual({ ...doc, _status: 'running', _updated: row?.doc._updated });
      await expect(store.executions.get(doc.ex_id)).resolves.toEqual(row);
    });

    it('is taken only with a higher sequence number', async () => {
      const { ex_id: exId } = await insert();
      await store.executions.setStatus(exId, 5, 'running');
      for (const seq of [4, 5]) {
        const row = await store.executions.setStatus(exId, seq, 'paused', { _failureReason: 'late' });
        expect(row).toMatchObject({ status_seq: 5, doc: { _status: 'running', _failureReason: '' } });
      }
      expect((await store.executions.setStatus(exId, 6, 'paused'))?.doc._status).toBe('paused');
    });

    it('of concurrent writes, the one with the highest number is there at the end', async () => {
      const { ex_id: exId } = await insert();
      const statuses: ExecutionStatus[] = ['running', 'paused', 'failing', 'stopping'];
      const writes = Array.from({ length: 20 }, (_, index) => 20 - index);
      await Promise.all(
        writes.map((seq) => store.executions.setStatus(exId, seq, statuses[seq % 4] as ExecutionStatus)),
      );
      await expect(store.executions.get(exId)).resolves.toMatchObject({
        status_seq: 20,
        doc: { _status: 'running' },
      });
    });

    const moves: Array<[ExecutionStatus, ExecutionStatus, boolean]> = [
      ...RUNNING_STATUSES.flatMap((from) => INIT_STATUSES.map((to) => [from, to, false] as const)),
      ...TERMINAL_STATUSES.flatMap((from) =>
        [...INIT_STATUSES, ...RUNNING_STATUSES].map((to) => [from, to, false] as const),
      ),
      ['completed', 'failed', false],
      ['stopped', 'stopped', true],
      ['running', 'running', true],
      ['pending', 'stopping', true],
      ['stopping', 'paused', true],
      ['paused', 'failing', true],
      ['initializing', 'failed', true],
      ['running', 'completed', true],
    ].map((move) => move as [ExecutionStatus, ExecutionStatus, boolean]);

    it.each(moves)('moves from %s to %s: %s', async (from, to, taken) => {
      const { ex_id: exId } = await insert({ _status: from });
      const row = await store.executions.setStatus(exId, 1, to);
      expect(row?.doc._status).toBe(taken ? to : from);
      expect(row?.status_seq).toBe(taken ? 1 : 0);
      expect(await statusOf(exId)).toBe(taken ? to : from);
    });

    it('must be one that exists', async () => {
      const { ex_id: exId } = await insert();
      const write = async () => store.executions.setStatus(exId, 1, 'aborted' as ExecutionStatus);
      await expect(write()).rejects.toMatchObject({ code: 'ILLEGAL_STATUS', status: 422 });
    });
  });

  describe('claim', () => {
    it('is given once, and again only to the same claimer', async () => {
      const { ex_id: exId } = await insert();
      await expect(store.executions.claim(exId, 1)).resolves.toBe(true);
      expect(await statusOf(exId)).toBe('scheduling');
      await expect(store.executions.claim(exId, 1)).resolves.toBe(true);
      await expect(store.executions.claim(exId, 2)).resolves.toBe(false);
      await store.executions.setStatus(exId, 2, 'initializing');
      await expect(store.executions.claim(exId, 1)).resolves.toBe(false);
    });

    it('is refused once the execution was stopped', async () => {
      const { ex_id: exId } = await insert();
      await store.executions.setStatus(exId, 1, 'stopped');
      await expect(store.executions.claim(exId, 2)).resolves.toBe(false);
      expect(await statusOf(exId)).toBe('stopped');
    });
  });

  describe('close', () => {
    it('writes status, patch and report once, and nothing is taken afterwards', async () => {
      const { ex_id: exId } = await insert();
      await store.executions.setStatus(exId, 1, 'running');
      const patch = { _slicer_stats: { processed: 10, failed: 1 }, _has_errors: true };
      const report = makeLedger({ issued: 10, pending: [[0, 1, '{"a":"\\u0000"}']] });
      const closed = await store.executions.close(exId, 7, 'failed', patch, report);
      expect(closed).toMatchObject({
        closed: true,
        status_seq: 7,
        report,
        doc: { ...patch, _status: 'failed' },
      });

      await expect(store.executions.close(exId, 8, 'completed', {}, null)).resolves.toEqual(closed);
      await expect(store.executions.setStatus(exId, 9, 'failed', { _failureReason: 'x' })).resolves.toEqual(
        closed,
      );
      await store.executions.writeCounters([{ ex_id: exId, seq: 99, counters: makeCounters(5) }]);
      await expect(store.executions.setWorkersWanted(exId, 5)).resolves.toBe(false);
      await expect(store.executions.claim(exId, 10)).resolves.toBe(false);
      await expect(store.executions.get(exId)).resolves.toEqual(closed);
    });

    it('has the last word over a terminal status that was written without it', async () => {
      const { ex_id: exId } = await insert();
      await store.executions.setStatus(exId, 5, 'terminated');
      const row = await store.executions.close(exId, 3, 'completed', {}, makeLedger({ issued: 1 }));
      expect(row).toMatchObject({ closed: true, status_seq: 5, doc: { _status: 'completed' } });
    });

    it('leaves sums over all executions to be had, whatever a reason or metadata hold', async () => {
      const { ex_id: exId } = await insert();
      await store.executions.setMetadata(exId, { nul: '\0' });
      const before = (await store.executions.clusterTotals()).job_duration;
      const patch = { _failureReason: 'half of \ud83d', _slicer_stats: { job_duration: 7 } };
      await store.executions.close(exId, 1, 'failed', patch, null);
      await expect(store.executions.clusterTotals()).resolves.toMatchObject({ job_duration: before + 7 });
    });

    it('is for terminal statuses only', async () => {
      const { ex_id: exId } = await insert();
      const close = async () => store.executions.close(exId, 1, 'running', {}, null);
      await expect(close()).rejects.toMatchObject({ code: 'ILLEGAL_STATUS' });
    });
  });

  describe('counters', () => {
    it('are written for many executions at once, each only forward', async () => {
      const docs = [await insert(), await insert(), await insert()];
      const [a, b, c] = docs.map((doc) => doc.ex_id) as [string, string, string];
      await store.executions.writeCounters([
        { ex_id: a, seq: 2, counters: makeCounters(20) },
        { ex_id: b, seq: 1, counters: makeCounters(10) },
        { ex_id: a, seq: 1, counters: makeCounters(11) },
        { ex_id: 'none', seq: 1, counters: makeCounters(1) },
      ]);
      await store.executions.writeCounters([
        { ex_id: a, seq: 1, counters: makeCounters(1) },
        { ex_id: b, seq: 5, counters: makeCounters(50, 5) },
      ]);
      await expect(store.executions.get(a)).resolves.toMatchObject({
        counters_seq: 2,
        counters: makeCounters(20),
      });
      await expect(store.executions.get(b)).resolves.toMatchObject({
        counters_seq: 5,
        counters: makeCounters(50, 5),
      });
      await expect(store.executions.get(c)).resolves.toMatchObject({ counters_seq: 0, counters: null });
    });

    it('never tell of fewer slices completed, whatever their sequence number', async () => {
      const { ex_id: exId } = await insert();
      const written = makeCounters(33, 3);
      await store.executions.writeCounters([{ ex_id: exId, seq: 5, counters: written }]);
      await store.executions.writeCounters([{ ex_id: exId, seq: 6, counters: makeCounters(32, 3) }]);
      await expect(store.executions.get(exId)).resolves.toMatchObject({ counters_seq: 5, counters: written });
      // Nor does a late number keep those from being told of which there are more.
      const told = makeCounters(34, 3);
      await store.executions.writeCounters([{ ex_id: exId, seq: 4, counters: told }]);
      await expect(store.executions.get(exId)).resolves.toMatchObject({ counters_seq: 5, counters: told });
      const takenUpAgain = makeCounters(31);
      await store.executions.writeCounters([{ ex_id: exId, seq: 7, counters: takenUpAgain }]);
      await expect(store.executions.get(exId)).resolves.toMatchObject({
        counters_seq: 7,
        counters: takenUpAgain,
      });
    });

    it('may be none', async () => {
      await expect(store.executions.writeCounters([])).resolves.toBeUndefined();
    });
  });

  it('changes the number of wanted workers, compared if that is asked for', async () => {
    const { ex_id: exId } = await insert({ workers: 2 });
    await expect(store.executions.setWorkersWanted(exId, 5)).resolves.toBe(true);
    await expect(store.executions.setWorkersWanted(exId, 7, 2)).resolves.toBe(false);
    await expect(store.executions.setWorkersWanted(exId, 8, 5)).resolves.toBe(true);
    await expect(store.executions.get(exId)).resolves.toMatchObject({
      workers_wanted: 8,
      doc: { workers: 2 },
    });
  });

  it('merges metadata, also when many operations write at once', async () => {
    const { ex_id: exId } = await insert({ metadata: { kept: true, changed: 1 } });
    const adding = (text: string) =>
      Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`added${n}`, { text }]));
    await Promise.all(
      Object.entries({ changed: 2, ...adding('\0, half of \ud83d') }).map(([key, value]) =>
        store.executions.setMetadata(exId, { [key]: value }),
      ),
    );
    const row = await store.executions.get(exId);
    const added = adding('\ufffd, half of \ufffd');
    expect(row?.doc.metadata).toEqual({ kept: true, changed: 2, ...added });
    expect(row?.doc._status).toBe('pending');
  });
});

describe.each(SOURCES)('lists of executions in %s', (_kind, makeSource) => {
  let source: StoreSource;
  let store: Store;
  const at = (second: number) => `2020-01-01T00:00:0${second}.000Z`;

  beforeAll(async () => {
    source = await makeSource();
    store = await source.open();
    const make = (name: string, second: number, status: ExecutionStatus, changes: object = {}) =>
      store.executions.insert(
        makeExecution({ name, _created: at(second), _updated: at(second), _status: status, ...changes }),
      );
    await make('one', 3, 'running', { workers: 10 });
    await make('two', 1, 'completed', { workers: 9, _deleted: true, _deleted_on: at(9) });
    await make('three', 2, 'paused', { workers: 100 });
    await make('four', 2, 'failed', { workers: 1 });
  }, 60_000);

  afterAll(async () => {
    await store.close();
    await source.dispose();
  });

  const names = async (query: Parameters<Store['executions']['list']>[0]) =>
    (await listed(store.executions.list(query))).map((doc) => doc.name);

  it('sorts newest first, ties by insertion, and pages', async () => {
    await expect(names({})).resolves.toEqual(['one', 'four', 'three', 'two']);
    await expect(names({ size: 2, from: 1 })).resolves.toEqual(['four', 'three']);
    await expect(names({ sort: '_created:asc' })).resolves.toEqual(['two', 'three', 'four', 'one']);
    await expect(names({ sort: 'workers:desc' })).resolves.toEqual(['three', 'one', 'two', 'four']);
    await expect(names({ sort: '_deleted_on:desc', size: 1 })).resolves.toEqual(['two']);
  });

  it('filters by status and deletion', async () => {
    await expect(names({ statuses: ['running', 'failed'] })).resolves.toEqual(['one', 'four']);
    await expect(names({ statuses: [] })).resolves.toEqual([]);
    await expect(names({ deleted: true })).resolves.toEqual(['two']);
    await expect(names({ deleted: false })).resolves.toEqual(['one', 'four', 'three']);
  });

  it('refuses to sort by what is no field', async () => {
    await expect(listed(store.executions.list({ sort: 'metadata:asc' }))).rejects.toMatchObject({
      code: 'BAD_SORT',
    });
  });

  it('lists the active ones, oldest first', async () => {
    const active = await store.executions.active();
    expect(active.map(({ name }) => name)).toEqual(['three', 'one']);
  });

  it('sorts by what a status write changed', async () => {
    const [paused] = await listed(store.executions.list({ statuses: ['paused'] }));
    await store.executions.setStatus(paused?.ex_id ?? '', 1, 'failing', { _has_errors: true });
    await expect(names({ size: 1 })).resolves.toEqual(['three']);
    await expect(names({ sort: '_has_errors:desc', size: 1 })).resolves.toEqual(['three']);
    await expect(names({ statuses: ['failing'] })).resolves.toEqual(['three']);
  });

  it('adds everything up', async () => {
    const [running] = await listed(store.executions.list({ statuses: ['running'] }));
    const [failing] = await listed(store.executions.list({ statuses: ['failing'] }));
    await store.executions.writeCounters([
      { ex_id: running?.ex_id ?? '', seq: 1, counters: makeCounters(100, 3) },
      { ex_id: failing?.ex_id ?? '', seq: 1, counters: makeCounters(7) },
    ]);
    const stats = { processed: 9, failed: 2 };
    await store.executions.close(failing?.ex_id ?? '', 2, 'failed', { _slicer_stats: stats }, null);
    await expect(store.executions.totals()).resolves.toEqual({
      statuses: { running: 1, completed: 1, failed: 2 },
      processed: 109,
      failed: 5,
    });
  });
});

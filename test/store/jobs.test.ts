import { randomUUID } from 'node:crypto';
import { SOURCES, type StoreSource } from '../support/stores.js';
import { makeExecution, makeJob } from '../support/executions.js';
import type { Store } from '../../src/store/index.js';
import { listed } from '../support/listed.js';

describe.each(SOURCES)('jobs in %s', (_kind, makeSource) => {
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

  it('gives a job back as it was posted, order of keys included', async () => {
    const job = makeJob({
      zebra: 1,
      apple: { y: [1, { b: null, a: 'Zürich 🦓' }], x: 'NUL \0 and a lone surrogate \ud800' },
      workers: 'not a number',
      max_retries: 1e300,
      name: 'with \0 NUL',
    });
    await store.jobs.insert(job);
    const stored = await store.jobs.get(job.job_id);
    expect(JSON.stringify(stored)).toBe(JSON.stringify(job));
    await store.close();
    store = await source.open();
    expect(JSON.stringify(await store.jobs.get(job.job_id))).toBe(JSON.stringify(job));
  });

  it('stores a job together with its first execution, or neither', async () => {
    const job = makeJob();
    const first = makeExecution({ job_id: job.job_id });
    await store.jobs.insert(job, first);
    expect((await store.executions.latest(job.job_id))?.doc).toEqual(first);

    const other = makeJob();
    // The execution's id is taken.
    await expect(store.jobs.insert(other, { ...first, job_id: other.job_id })).rejects.toThrow();
    expect(await store.jobs.get(other.job_id)).toBeUndefined();
  });

  it('knows nothing of a job that was not posted', async () => {
    await expect(store.jobs.get('nobody')).resolves.toBeUndefined();
    await expect(store.jobs.replace(makeJob())).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await expect(store.jobs.remove('nobody', new Date().toISOString())).resolves.toBeUndefined();
  });

  it('replaces a job whole', async () => {
    const job = makeJob();
    await store.jobs.insert({ ...job, extra: true });
    const replacement = { ...job, name: 'renamed', active: false };
    await store.jobs.replace(replacement);
    await expect(store.jobs.get(job.job_id)).resolves.toEqual(replacement);
  });

  it('marks a removed job and its executions', async () => {
    const job = makeJob();
    const ended = makeExecution({ job_id: job.job_id, _status: 'completed' });
    await store.jobs.insert(job);
    await store.executions.insert(ended);
    const when = '2030-01-02T03:04:05.678Z';
    const mark = { _deleted: true, _deleted_on: when, _updated: when };
    await expect(store.jobs.remove(job.job_id, when)).resolves.toEqual({ ...job, ...mark, active: false });
    await expect(store.jobs.get(job.job_id)).resolves.toEqual({ ...job, ...mark, active: false });
    expect((await store.executions.get(ended.ex_id))?.doc).toEqual({ ...ended, ...mark });
    await expect(store.executions.insert(makeExecution({ job_id: job.job_id }))).rejects.toMatchObject({
      code: 'JOB_DELETED',
    });
  });

  it('removes a job once, and does not bring it back by chance', async () => {
    const job = makeJob();
    await store.jobs.insert(job);
    const removed = await store.jobs.remove(job.job_id, '2020-01-01T00:00:00.000Z');
    await expect(store.jobs.remove(job.job_id, '2021-01-01T00:00:00.000Z')).rejects.toMatchObject({
      code: 'JOB_ALREADY_DELETED',
    });
    await expect(store.jobs.replace(job, { alive: true })).rejects.toMatchObject({ code: 'JOB_DELETED' });
    await expect(store.jobs.get(job.job_id)).resolves.toEqual(removed);
    await store.jobs.replace(job);
    await expect(store.jobs.get(job.job_id)).resolves.toEqual(job);
    await store.jobs.replace({ ...job, name: 'changed' }, { alive: true });
    await expect(store.jobs.get(job.job_id)).resolves.toMatchObject({ name: 'changed' });
  });

  it('does not remove a job that runs', async () => {
    const job = makeJob();
    await store.jobs.insert(job);
    await store.executions.insert(makeExecution({ job_id: job.job_id }));
    await expect(store.jobs.remove(job.job_id, new Date().toISOString())).rejects.toMatchObject({
      code: 'JOB_RUNNING',
    });
    await expect(store.jobs.get(job.job_id)).resolves.toEqual(job);
  });

  describe('lists', () => {
    const at = (second: number) => `2020-01-01T00:00:0${second}.000Z`;
    const jobs = [
      makeJob({ name: 'b', _updated: at(3), _created: at(1), workers: 10 }),
      makeJob({ name: 'C', _updated: at(1), _created: at(2), workers: 9, active: false }),
      makeJob({ name: 'a', _updated: at(2), _created: at(3), active: true, workers: undefined }),
    ];
    const [b, c, a] = jobs as [(typeof jobs)[0], (typeof jobs)[0], (typeof jobs)[0]];
    const gone = makeJob({
      name: 'gone',
      _updated: at(9),
      _deleted: true,
      _deleted_on: at(9),
      active: false,
    });
    let own: StoreSource;
    let lists: Store;
    const names = async (query: Parameters<Store['jobs']['list']>[0]) =>
      (await listed(lists.jobs.list(query))).map((job) => job.name);

    beforeAll(async () => {
      own = await makeSource();
      lists = await own.open();
      for (const job of [...jobs, gone]) await lists.jobs.insert(job);
    }, 60_000);

    afterAll(async () => {
      await lists.close();
      await own.dispose();
    });

    it('newest change first by default', async () => {
      await expect(names({})).resolves.toEqual(['gone', b.name, a.name, c.name]);
    });

    it('by activity, where a job that does not say is active', async () => {
      await expect(names({ active: true })).resolves.toEqual([b.name, a.name]);
      await expect(names({ active: false, deleted: false })).resolves.toEqual([c.name]);
    });

    it('by deletion', async () => {
      await expect(names({ deleted: true })).resolves.toEqual(['gone']);
      await expect(names({ deleted: false, sort: '_created:asc' })).resolves.toEqual([
        b.name,
        c.name,
        a.name,
      ]);
    });

    it('sorts numbers as numbers, names by byte, what lacks the field last', async () => {
      await expect(names({ sort: 'workers:asc', deleted: false })).resolves.toEqual(['C', 'b', 'a']);
      await expect(names({ sort: 'workers:desc', deleted: false })).resolves.toEqual(['b', 'C', 'a']);
      await expect(names({ sort: 'name:asc', deleted: false })).resolves.toEqual(['C', 'a', 'b']);
    });

    it('takes numbers and truth values for what they are, also as texts', async () => {
      const texts = makeJob({ name: 'texts', workers: '31', active: 'false' as never, _updated: at(0) });
      await lists.jobs.insert(texts);
      await expect(names({ active: false, deleted: false })).resolves.toEqual(['C', 'texts']);
      await expect(names({ sort: 'workers:desc', size: 1 })).resolves.toEqual(['texts']);
      await expect(names({ filter: 'workers:31' })).resolves.toEqual(['texts']);
      await expect(lists.jobs.get(texts.job_id)).resolves.toEqual(texts);
      await lists.jobs.remove(texts.job_id, at(0));
    });

    it('sorts texts that no index has room for', async () => {
      const noise = Array.from({ length: 5_000 }, () => randomUUID()).join('');
      const long = makeJob({ name: `zz ${noise}`, lifecycle: noise, log_level: noise, _updated: at(0) });
      await lists.jobs.insert(long);
      await expect(names({ sort: 'name:desc', size: 1 })).resolves.toEqual([long.name]);
      await expect(names({ filter: `name:"${noise.slice(-12)}"` })).resolves.toEqual([long.name]);
      await lists.jobs.remove(long.job_id, at(0));
    });

    it('in pages', async () => {
      await expect(names({ size: 2, from: 1 })).resolves.toEqual([b.name, a.name]);
      await expect(names({ size: 0 })).resolves.toEqual([]);
    });

    it.each(['operations:asc', 'operations', 'name:up', 'doc:asc', 'toString:asc', ''])(
      'refuses to sort by "%s"',
      async (sort) => {
        await expect(listed(lists.jobs.list({ sort }))).rejects.toMatchObject({
          code: 'BAD_SORT',
          status: 400,
        });
      },
    );
  });
});

import { makeExecution } from '../support/executions.js';
import { SOURCES, type StoreSource } from '../support/stores.js';
import type { FailedSlice, SliceTuple, Store } from '../../src/store/index.js';
import { listed } from '../support/listed.js';

const NUL_REQUEST = JSON.stringify({
  text: 'NUL \0, lone \ud800, quote ", backslash \\, {brace}, Zürich 🦓',
});

function failedSlice(exId: string, order: number, changes: Partial<FailedSlice> = {}): FailedSlice {
  const when = new Date(Date.UTC(2020, 0, 1) + order).toISOString();
  return {
    ex_id: exId,
    slice_id: `slice-${order}`,
    slicer_id: 0,
    slicer_order: order,
    request: JSON.stringify({ order }),
    state: 'error',
    error: 'TSError: it failed, caused by Error: why',
    _created: when,
    _updated: when,
    ...changes,
  };
}

async function drain<T>(pages: AsyncIterable<T[]>): Promise<T[][]> {
  const all: T[][] = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe.each(SOURCES)('slices in %s', (_kind, makeSource) => {
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

  describe('that failed', () => {
    it('come back as they were, NUL replaced in the error only', async () => {
      const slice = failedSlice('as-is', 1, { request: NUL_REQUEST, error: 'a \0 b', retry_count: 3 });
      await store.failures.write([slice, failedSlice('as-is', 2)]);
      await expect(
        listed(store.failures.list({ ex_id: 'as-is', sort: 'slicer_order:asc' })),
      ).resolves.toEqual([{ ...slice, error: 'a \uFFFD b' }, failedSlice('as-is', 2)]);
    });

    it('count once, however often a page is written', async () => {
      const page = [1, 2, 3].map((order) => failedSlice('once', order));
      await store.failures.write(page);
      await store.failures.write([...page, failedSlice('once', 4), failedSlice('once', 4)]);
      await expect(store.failures.count('once')).resolves.toBe(4);
      await store.failures.write([
        failedSlice('once', 4, { slice_id: 'explicit' }),
        failedSlice('once', 4, { slicer_id: 1 }),
      ]);
      await expect(store.failures.count('once')).resolves.toBe(6);
      await expect(store.failures.count('none')).resolves.toBe(0);
    });

    it('are listed newest first, of one execution or of all, in pages', async () => {
      await store.failures.write([1, 2, 3].map((order) => failedSlice('listed', order)));
      const orders = async (query: Parameters<Store['failures']['list']>[0]) =>
        (await listed(store.failures.list(query))).map((slice) => slice.slicer_order);
      await expect(orders({ ex_id: 'listed' })).resolves.toEqual([3, 2, 1]);
      await expect(orders({ ex_id: 'listed', size: 1, from: 1 })).resolves.toEqual([2]);
      await expect(orders({ ex_id: 'none' })).resolves.toEqual([]);
      expect((await listed(store.failures.list({}))).length).toBeGreaterThan(3);
      await expect(listed(store.failures.list({ sort: 'request:asc' }))).rejects.toMatchObject({
        code: 'BAD_SORT',
      });
    });

    it('are sorted by what their errors begin with', async () => {
      const same = 'e'.repeat(100);
      const errors = [`${same}b`, `${same}a`, 'f', 'a'];
      await store.failures.write(errors.map((error, index) => failedSlice('sorted', index + 1, { error })));
      const sorted = await listed(store.failures.list({ ex_id: 'sorted', sort: 'error:asc' }));
      expect(sorted.map((slice) => slice.slicer_order)).toEqual([4, 1, 2, 3]);
    });

    it('are read page by page in the order of the slicers', async () => {
      const orders = [3, 1, 2, 10, 9];
      await store.failures.write(orders.map((order) => failedSlice('paged', order)));
      await store.failures.write([failedSlice('paged', 1, { slicer_id: 1 })]);
      const pages = await drain(store.failures.pages('paged', 2));
      expect(pages.map((page) => page.map((slice) => [slice.slicer_id, slice.slicer_order]))).toEqual([
        [
          [0, 1],
          [0, 2],
        ],
        [
          [0, 3],
          [0, 9],
        ],
        [
          [0, 10],
          [1, 1],
        ],
      ]);
      await expect(drain(store.failures.pages('none', 2))).resolves.toEqual([]);
    });

    it('can be many and large', async () => {
      const error = 'e'.repeat(2_000);
      const small = Array.from({ length: 10_000 }, (_, order) => failedSlice('many', order, { error }));
      await store.failures.write(small);
      await expect(store.failures.count('many')).resolves.toBe(10_000);
      const request = JSON.stringify('x'.repeat(256_000));
      await store.failures.write(
        Array.from({ length: 100 }, (_, order) => failedSlice('large', order, { request })),
      );
      const stored = await listed(store.failures.list({ ex_id: 'large', size: 100 }));
      expect(stored).toHaveLength(100);
      expect(stored.every((slice) => slice.request === request)).toBe(true);
    }, 60_000);
  });

  describe('that failed and are replayed', () => {
    /** A running execution with failed slices 1 to `count`, which itself recovers `recovered` slices. */
    async function failing(count: number, recovered = 0) {
      const doc = makeExecution();
      const start = { last: [], slicerDone: true, replayOnly: false };
      const slices = Array.from({ length: recovered }, (_, order): SliceTuple => [
        0,
        order,
        '{}',
        `r${order}`,
      ]);
      await store.executions.insert(doc, recovered > 0 ? { start, slices } : undefined);
      const page = Array.from({ length: count }, (_, n) => failedSlice(doc.ex_id, n + 1));
      await store.failures.write(page);
      return { exId: doc.ex_id, page };
    }
    const orders = async (exId: string): Promise<number[]> =>
      (await listed(store.failures.list({ ex_id: exId, sort: 'slicer_order:asc', size: 1e6 }))).map(
        (slice) => slice.slicer_order,
      );

    it('go behind what the execution recovers, once, and are not listed any more', async () => {
      const { exId } = await failing(3, 2);
      const taken = await store.failures.takeForReplay(exId, 'first', '*');
      expect(taken).toEqual({ from: 2, to: 5 });
      await store.failures.write([failedSlice(exId, 4)]);
      await expect(store.failures.takeForReplay(exId, 'first', '*')).resolves.toEqual(taken);
      await expect(orders(exId)).resolves.toEqual([4]);
      await expect(store.failures.count(exId)).resolves.toBe(1);
      await expect(store.failures.takeForReplay(exId, 'second', '*')).resolves.toEqual({ from: 5, to: 6 });
      await expect(store.failures.takeForReplay(exId, 'third', '*')).resolves.toEqual({ from: 6, to: 6 });
      await expect(store.pages.recovered(exId, 2, 10, 1e6)).resolves.toEqual(
        [1, 2, 3, 4].map((order) => [0, order, JSON.stringify({ order }), `slice-${order}`]),
      );
      await expect(store.executions.get(exId)).resolves.toMatchObject({ recovered_at_insert: 2 });
    });

    it('take turns when several ask at once', async () => {
      const { exId } = await failing(50);
      const taken = await Promise.all(
        ['a', 'a', 'b', 'c'].map((id) => store.failures.takeForReplay(exId, id, '*')),
      );
      const [longest, ...others] = taken.toSorted((a, b) => b.to - b.from - (a.to - a.from));
      expect(longest).toEqual({ from: 0, to: 50 });
      expect(others.every(({ from, to }) => to === 50 && (from === 0 || from === 50))).toBe(true);
      await expect(store.pages.recovered(exId, 0, 100, 1e6)).resolves.toHaveLength(50);
    });

    it('are not failed again by a write that comes late, which knew nothing of their replay', async () => {
      const { exId, page } = await failing(2, 3);
      await expect(store.failures.takeForReplay(exId, 'first', '*')).resolves.toEqual({ from: 3, to: 5 });
      await store.failures.write(page, 3);
      await expect(orders(exId)).resolves.toEqual([]);
      await store.failures.write(page, 4);
      await expect(orders(exId)).resolves.toEqual([1]);
    });

    it('are listed again with their new error when they fail again, and count once', async () => {
      const { exId, page } = await failing(2);
      await store.failures.takeForReplay(exId, 'a', '*');
      const again = {
        ...page[0]!,
        error: 'Error: again',
        retry_count: 5,
        _updated: '2021-01-01T00:00:00.000Z',
      };
      await store.failures.write([again]);
      await store.failures.write([{ ...again, error: 'the same page written twice' }]);
      await expect(listed(store.failures.list({ ex_id: exId }))).resolves.toEqual([again]);
      await expect(store.failures.takeForReplay(exId, 'b', '*')).resolves.toEqual({ from: 2, to: 3 });
    });

    it('are still failed for a recovery where the execution never heard of the replay', async () => {
      const { exId } = await failing(2);
      await store.failures.takeForReplay(exId, 'a', '*');
      await store.failures.write([failedSlice(exId, 3)]);
      await store.failures.takeForReplay(exId, 'b', '*');
      const orders = async (known?: number) =>
        (await drain(store.failures.pages(exId, 10, known === undefined ? {} : { known })))
          .flat()
          .map((slice) => slice.slicer_order);
      await expect(orders()).resolves.toEqual([]);
      await expect(orders(2)).resolves.toEqual([3]);
      await expect(orders(0)).resolves.toEqual([1, 2, 3]);
    });

    it('stay as they are once the execution has ended', async () => {
      const { exId } = await failing(2);
      await store.executions.close(exId, 9, 'failed', {}, null);
      await expect(store.failures.takeForReplay(exId, 'a', '*')).rejects.toMatchObject({
        code: 'EX_NOT_ACTIVE',
      });
      await expect(orders(exId)).resolves.toEqual([1, 2]);
    });
  });

  describe('that were recovered', () => {
    const start = { last: [], slicerDone: true, replayOnly: true };
    const tuple = (order: number): SliceTuple => [0, order, JSON.stringify({ order }), `slice-${order}`];

    async function ended() {
      const doc = makeExecution();
      await store.executions.insert(doc);
      await store.executions.close(doc.ex_id, 9, 'failed', {}, null);
      return doc;
    }

    async function recovering(jobId: string, from: string, slices: SliceTuple[], sources = [from]) {
      const doc = makeExecution({ job_id: jobId, recovered_execution: from });
      const count = await store.executions.insert(doc, { start, slices, sources });
      expect(count).toBe(slices.length);
      await store.executions.close(doc.ex_id, 9, 'failed', {}, null);
      return doc.ex_id;
    }

    it('are marked where they had failed, and only there', async () => {
      const old = await ended();
      await store.failures.write([1, 2].map((order) => failedSlice(old.ex_id, order)));
      await store.failures.write([failedSlice('bystander', 2)]);
      const by = await recovering(old.job_id, old.ex_id, [tuple(2)]);
      const marks = async (exId: string) =>
        (await listed(store.failures.list({ ex_id: exId, sort: 'slicer_order:asc' }))).map(
          (slice) => slice.recovered_by,
        );
      await expect(marks(old.ex_id)).resolves.toEqual([undefined, by]);
      await expect(marks('bystander')).resolves.toEqual([undefined]);
      const last = await recovering(old.job_id, old.ex_id, [tuple(1), tuple(2)]);
      await expect(marks(old.ex_id)).resolves.toEqual([last, last]);
    });

    it('are found in the execution that took them last, with what became of them there', async () => {
      const old = await ended();
      const first = await recovering(old.job_id, old.ex_id, [tuple(1), tuple(2), tuple(3)]);
      const second = await recovering(old.job_id, first, [tuple(3), tuple(2)]);
      await store.failures.write([failedSlice(second, 2)]);
      const keys = [4, 3, 2, 1].map((order) => failedSlice('any', order));
      await expect(store.failures.lastTakers(keys, [first, second])).resolves.toEqual(
        new Map([
          [1, { ex_id: second, position: 0, failed: false, replay_position: null }],
          [2, { ex_id: second, position: 1, failed: true, replay_position: null }],
          [3, { ex_id: first, position: 0, failed: false, replay_position: null }],
        ]),
      );
      const positions = [...(await store.failures.lastTakers(keys, [first]))].map(([i, { position }]) => [
        i,
        position,
      ]);
      expect(positions).toEqual([
        [1, 2],
        [2, 1],
        [3, 0],
      ]);
      await expect(store.failures.lastTakers([], [])).resolves.toEqual(new Map());
    });

    it('bind executions together, also around one that is gone', async () => {
      const { job_id: job, ex_id: gone } = await ended();
      const first = await recovering(job, gone, []);
      const second = await recovering(job, first, []);
      const sibling = await recovering(job, gone, []);
      const { doc } = (await store.executions.get(gone))!;
      await store.purge.executions(new Date(Date.parse(doc._updated) + 1).toISOString(), 10_000);
      await expect(store.executions.get(gone)).resolves.toBeUndefined();
      const fresh = makeExecution({ job_id: job });
      await store.executions.insert(fresh);
      const since = async (exId: string) =>
        (await store.executions.recoveredSince(exId)).map(({ doc }) => doc.ex_id);
      await expect(since(first)).resolves.toEqual([second, sibling]);
      await expect(since(second)).resolves.toEqual([sibling]);
      await expect(since(sibling)).resolves.toEqual([]);
      await expect(since(fresh.ex_id)).resolves.toEqual([]);
    });
  });

  describe('to recover', () => {
    const start = {
      last: [[0, 7, NUL_REQUEST]] as Array<[number, number, string]>,
      slicerDone: true,
      replayOnly: false,
    };
    const read = async (exId: string, limit: number, bytes: number) => {
      const pages: SliceTuple[][] = [];
      for (;;) {
        const slices = await store.pages.recovered(exId, pages.flat().length, limit, bytes);
        if (slices.length === 0) return pages;
        pages.push(slices);
      }
    };

    it('lie beside the new execution, in order and unchanged', async () => {
      const doc = makeExecution();
      const slices: SliceTuple[] = [
        [0, 3, NUL_REQUEST],
        [1, 1, '{}', 'explicit-id'],
        [0, 2 ** 40, 'null'],
      ];
      await store.executions.insert(doc, { start, slices });
      await expect(store.executions.get(doc.ex_id)).resolves.toMatchObject({ recovery: start });
      await expect(read(doc.ex_id, 10, 1e6)).resolves.toEqual([slices]);
      await expect(read(doc.ex_id, 2, 1e6)).resolves.toEqual([slices.slice(0, 2), slices.slice(2)]);
    });

    it('may be none', async () => {
      const doc = makeExecution();
      await store.executions.insert(doc, { start, slices: [] });
      await expect(store.pages.recovered(doc.ex_id, 0, 10, 1e6)).resolves.toEqual([]);
    });

    it('are cut by their encoded size, never below one', async () => {
      const doc = makeExecution();
      const quotes = JSON.stringify('"'.repeat(1_000));
      const slices: SliceTuple[] = Array.from({ length: 6 }, (_, order) => [0, order, quotes]);
      await store.executions.insert(doc, { start, slices });
      const encoded = JSON.stringify(slices[0]).length;
      const pages = await read(doc.ex_id, 10, encoded * 2 + 100);
      expect(pages.map((page) => page.length)).toEqual([2, 2, 2]);
      expect((await read(doc.ex_id, 10, 1)).map((page) => page.length)).toEqual([1, 1, 1, 1, 1, 1]);
    });

    it('stream in by the ten thousands, also out of this store', async () => {
      await store.failures.write(Array.from({ length: 5_000 }, (_, order) => failedSlice('old', order)));
      const doc = makeExecution();
      async function* slices(): AsyncGenerator<SliceTuple> {
        for await (const page of store.failures.pages('old', 500)) {
          for (const slice of page)
            yield [slice.slicer_id, slice.slicer_order, slice.request, slice.slice_id];
        }
        for (let order = 5_000; order < 30_000; order++) yield [0, order, '{}'];
      }
      await store.executions.insert(doc, { start, slices: slices() });
      const pages = await read(doc.ex_id, 7_000, 1e9);
      expect(pages.flat().map(([, order]) => order)).toEqual(
        Array.from({ length: 30_000 }, (_, order) => order),
      );
    }, 60_000);

    it('are refused if the job has run since they were chosen', async () => {
      const old = makeExecution({ _created: '2020-01-01T00:00:00.000Z' });
      await store.executions.insert(old);
      await store.executions.close(old.ex_id, 9, 'failed', {}, null);
      const other = makeExecution({ job_id: old.job_id, _created: '2020-01-01T00:00:00.001Z' });
      await store.executions.insert(other);
      await store.executions.close(other.ex_id, 9, 'failed', {}, null);
      const insert = (latest: string) =>
        store.executions.insert(makeExecution({ job_id: old.job_id }), {
          start,
          slices: [[0, 1, '{}']],
          latest,
        });
      await expect(insert(old.ex_id)).rejects.toMatchObject({
        code: 'RECOVERY_OVERTAKEN',
        message: `Job ${old.job_id} has run again meanwhile, as execution ${other.ex_id}, which has ended already`,
      });
      await expect(insert(other.ex_id)).resolves.toBe(1);
    });

    it('are not there if the execution is refused or their source fails', async () => {
      const active = makeExecution();
      await store.executions.insert(active);
      const refused = makeExecution({ job_id: active.job_id });
      await expect(store.executions.insert(refused, { start, slices: [[0, 1, '{}']] })).rejects.toMatchObject(
        {
          code: 'JOB_ACTIVE',
        },
      );
      const failed = makeExecution();
      async function* broken(): AsyncGenerator<SliceTuple> {
        for (let order = 0; order < 2_500; order++) yield [0, order, '{}'];
        throw new Error('source is gone');
      }
      await expect(store.executions.insert(failed, { start, slices: broken() })).rejects.toThrow(
        'source is gone',
      );
      await expect(store.executions.get(failed.ex_id)).resolves.toBeUndefined();
      for (const { ex_id: exId } of [refused, failed]) {
        await expect(store.pages.recovered(exId, 0, 10, 1e6)).resolves.toEqual([]);
      }
    });
  });

  describe('in pages', () => {
    it('are kept until they are cleared; the first page of an id stays', async () => {
      const page: SliceTuple[] = [
        [0, 1, NUL_REQUEST],
        [0, 2, '{}', 'explicit-id'],
      ];
      await store.pages.writePage('ex', 'p1', page);
      await store.pages.writePage('ex', 'p1', []);
      await store.pages.writePage('other', 'p1', []);
      await expect(store.pages.readPage('ex', 'p1')).resolves.toEqual(page);
      await expect(store.pages.readPage('ex', 'p2')).rejects.toThrow('page p2 of execution ex is not');
      await store.pages.clear('ex');
      await expect(store.pages.readPage('ex', 'p1')).rejects.toThrow('is not in the store');
      await expect(store.pages.readPage('other', 'p1')).resolves.toEqual([]);
    });
  });
});

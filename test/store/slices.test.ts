import { makeExecution } from '../support/executions.js';
import { SOURCES, type StoreSource } from '../support/stores.js';
import type { FailedSlice, SliceTuple, Store } from '../../src/store/index.js';

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
      await expect(store.failures.list({ ex_id: 'as-is', sort: 'slicer_order:asc' })).resolves.toEqual([
        { ...slice, error: 'a \uFFFD b' },
        failedSlice('as-is', 2),
      ]);
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
        (await store.failures.list(query)).map((slice) => slice.slicer_order);
      await expect(orders({ ex_id: 'listed' })).resolves.toEqual([3, 2, 1]);
      await expect(orders({ ex_id: 'listed', size: 1, from: 1 })).resolves.toEqual([2]);
      await expect(orders({ ex_id: 'none' })).resolves.toEqual([]);
      expect((await store.failures.list({})).length).toBeGreaterThan(3);
      await expect(store.failures.list({ sort: 'request:asc' })).rejects.toMatchObject({ code: 'BAD_SORT' });
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
      const stored = await store.failures.list({ ex_id: 'large', size: 100 });
      expect(stored).toHaveLength(100);
      expect(stored.every((slice) => slice.request === request)).toBe(true);
    }, 60_000);
  });

  describe('to recover', () => {
    const start = {
      last: [[0, 7, NUL_REQUEST]] as Array<[number, number, string]>,
      slicerDone: true,
      replayOnly: false,
    };
    const read = async (exId: string, limit: number, bytes: number) => {
      const pages: SliceTuple[][] = [];
      let position: number | null = 0;
      while (position !== null) {
        const { slices, next, total } = await store.pages.recovered(exId, position, limit, bytes);
        expect(total).toBeGreaterThan(0);
        pages.push(slices);
        position = next;
      }
      return pages;
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
      await expect(store.pages.recovered(doc.ex_id, 3, 10, 1e6)).resolves.toEqual({
        slices: [],
        next: null,
        total: 3,
      });
    });

    it('may be none', async () => {
      const doc = makeExecution();
      await store.executions.insert(doc, { start, slices: [] });
      await expect(store.pages.recovered(doc.ex_id, 0, 10, 1e6)).resolves.toEqual({
        slices: [],
        next: null,
        total: 0,
      });
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
        await expect(store.pages.recovered(exId, 0, 10, 1e6)).resolves.toEqual({
          slices: [],
          next: null,
          total: 0,
        });
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
      await expect(store.pages.readPage('ex', 'p2')).resolves.toBeUndefined();
      await store.pages.clear('ex');
      await expect(store.pages.readPage('ex', 'p1')).resolves.toBeUndefined();
      await expect(store.pages.readPage('other', 'p1')).resolves.toEqual([]);
    });
  });
});

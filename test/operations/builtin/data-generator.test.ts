import { createSlicer, createWorker, readAll, runSlice, slicesOf, validate } from './support/harness.js';

const job = (options: Record<string, unknown>, lifecycle: 'once' | 'persistent' = 'once') => ({
  lifecycle,
  operations: [{ _op: 'data_generator', ...options }],
});

it('gives size records in slices of slice_size, the last one smaller', async () => {
  const slices = await slicesOf(job({ size: 23, slice_size: 5 }));
  expect(slices.map(({ request }) => request)).toEqual([
    { start: 0, count: 5 },
    { start: 5, count: 5 },
    { start: 10, count: 5 },
    { start: 15, count: 5 },
    { start: 20, count: 3 },
  ]);
});

it('gives records that depend on their number alone', async () => {
  const bySevens = (await readAll(job({ size: 100, slice_size: 7 }))).flat();
  const byThirties = (await readAll(job({ size: 100, slice_size: 30 }))).flat();
  expect(bySevens).toEqual(byThirties);
  expect(bySevens.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, id) => id));
  expect(new Set(bySevens.map(({ value }) => value)).size).toBe(100);
});

it('goes on after the last slice of a slicer before it', async () => {
  const all = await slicesOf(job({ size: 23, slice_size: 5 }));
  const lastSlice = all[2]!.request;
  const rest = await slicesOf(job({ size: 23, slice_size: 5 }), [{ slicer_id: 0, lastSlice }]);
  expect(rest.map(({ request }) => request)).toEqual(all.slice(3).map(({ request }) => request));
  expect((await createSlicer(job({ size: 1 }))).slicer().isRecoverable()).toBe(true);
});

it('gives slices of size records without end when persistent', async () => {
  const slices = await slicesOf(job({ size: 3, slice_size: 2 }, 'persistent'), [], 1000);
  expect(slices).toHaveLength(1000);
  expect(slices[999]!.request).toEqual({ start: 2997, count: 3 });
  const records = await runSlice(await createWorker(job({ size: 3 }, 'persistent')), slices[999]!);
  expect(records.map(({ id }) => id)).toEqual([2997, 2998, 2999]);
});

it.each([{ size: 0 }, { size: -1 }, { size: 1.5 }, { size: 'ten' }, { slice_size: 0 }])(
  'refuses %j',
  async (options) => {
    await expect(validate(job(options))).rejects.toThrow(/must be a positive integer/);
  },
);

import { DataEntity } from '@terascope/job-components';
import type { Slice } from '@terascope/job-components';
import { createWorker, runSlice, validate } from './support/harness.js';

const RECORDS = [
  { id: 1, name: 'Anna', tags: ['x', 'y'], place: { country: 'DE' } },
  { id: 2, name: 'joe', tags: [], place: { country: 'FR' } },
  { id: '2', name: null, place: {} },
];

const jobOf = (processor: { _op: string } & Record<string, unknown>) => ({
  operations: [{ _op: 'test-reader', passthrough_slice: true }, processor],
});

async function run(processor: { _op: string } & Record<string, unknown>): Promise<Record<string, unknown>[]> {
  const worker = await createWorker(jobOf(processor));
  const slice = { slice_id: 's', slicer_id: 0, slicer_order: 1, request: RECORDS } as unknown as Slice;
  return runSlice(worker, slice);
}

describe('filter', () => {
  it.each([
    [{ field: 'id', value: 2 }, [1]],
    [{ field: 'name', value: ['Anna', 'joe'] }, [0, 1]],
    [{ field: 'tags', value: 'y' }, [0]],
    [{ field: 'place.country', value: 'FR' }, [1]],
    [{ field: 'name', value: '/^J/i', filter_by: 'regex' }, [1]],
    [{ field: 'name', value: ['/^A/g', '/E$/i'], filter_by: 'regex' }, [0, 1]],
    [{ field: 'missing', value: '/undefined/', filter_by: 'regex' }, []],
  ])('drops what meets %j, or with invert keeps only that', async (options, meeting) => {
    const met = RECORDS.filter((_, index) => meeting.includes(index));
    const others = RECORDS.filter((_, index) => !meeting.includes(index));
    expect(await run({ _op: 'filter', ...options })).toEqual(others);
    expect(await run({ _op: 'filter', ...options, invert: true })).toEqual(met);
  });

  it.each([
    [{ value: 1 }, /field: is required/],
    [{ field: 'a', value: 1, filter_by: 'ip_range' }, /filter_by: must be one of "match", "regex"/],
    [{ field: 'a', value: 'x', filter_by: 'regex' }, /must be a regular expression such as/],
    [{ field: 'a', value: '/(/', filter_by: 'regex' }, /no valid regular expression/],
  ])('refuses %j', async (options, message) => {
    await expect(validate(jobOf({ _op: 'filter', ...options }))).rejects.toThrow(message);
  });
});

describe('keep_field', () => {
  it('keeps the named fields only', async () => {
    expect(await run({ _op: 'keep_field', field: 'id' })).toEqual([{ id: 1 }, { id: 2 }, { id: '2' }]);
    expect(await run({ _op: 'keep_field', field: ['name', 'tags', 'none'] })).toEqual([
      { name: 'Anna', tags: ['x', 'y'] },
      { name: 'joe', tags: [] },
      { name: null },
    ]);
  });

  it('keeps the metadata of a record', async () => {
    const worker = await createWorker(jobOf({ _op: 'keep_field', field: 'id' }));
    const operation = worker.getOperation('keep_field') as unknown as {
      handle(records: DataEntity[]): Promise<DataEntity[]>;
    };
    const [kept] = await operation.handle([DataEntity.make({ id: 1, x: 2 }, { _key: 'k' })]);
    expect(kept!.getKey()).toBe('k');
  });

  it.each([{}, { field: [1] }, { field: '' }])('refuses %j', async (options) => {
    await expect(validate(jobOf({ _op: 'keep_field', ...options }))).rejects.toThrow(/field: /);
  });
});

import { CodedError } from '../../src/errors.js';
import type { FailedSlice, LedgerSnapshot, SliceTuple } from '../../src/store/types.js';
import { sliceId } from '../../src/workflows/slice-id.js';
import { makeFailure, makeLedger } from '../support/executions.js';
import { job, TestApi } from './support/api.js';

const ledger = (changes: Partial<LedgerSnapshot> = {}): LedgerSnapshot =>
  makeLedger({
    issued: 5,
    completed: 2,
    failed: 1,
    pending: [
      [0, 4, '{"n":4}'],
      [1, 2, '{"n":2}', 'explicit-id'],
    ],
    last: [
      [0, 4, '{"n":4}'],
      [1, 2, '{"n":2}'],
    ],
    recoverable: true,
    ...changes,
  });

describe('recovery', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterEach(() => {
    api.engine.outage = undefined;
  });
  afterAll(() => api.close());

  const failure = (exId: string, order: number): FailedSlice =>
    makeFailure(exId, [0, order, `{"n":${order}}`]);

  /** An execution that failed with slice 0/3 in error and two slices that never ended. */
  async function failed(spec = job(), snapshot: LedgerSnapshot | null = ledger()) {
    const ids = await api.running(spec);
    await api.store.failures.write([failure(ids.ex_id, 3)]);
    if (snapshot) api.engine.ledgers.set(ids.ex_id, snapshot);
    await api.engine.end(ids.ex_id, 'failed');
    const errors: SliceTuple[] = [[0, 3, '{"n":3}', sliceId(ids.ex_id, [0, 3, ''])]];
    const pending: SliceTuple[] = [
      [0, 4, '{"n":4}', sliceId(ids.ex_id, [0, 4, ''])],
      [1, 2, '{"n":2}', 'explicit-id'],
    ];
    return { ...ids, errors, pending };
  }

  async function recovered(exId: string) {
    const row = (await api.store.executions.get(exId))!;
    const slices = await api.store.pages.recovered(exId, 0, 10_000, 10_000_000);
    return { doc: row.doc, start: row.recovery, slices };
  }

  it('replays failed slices, then pending ones, and goes on', async () => {
    const { job_id, ex_id, errors, pending } = await failed();
    const { status, body } = await api.post(`/v1/jobs/${job_id}/_recover`);
    expect(status).toBe(200);
    expect(body).toEqual({ job_id, ex_id: expect.any(String) });
    expect(body.ex_id).not.toBe(ex_id);
    const { doc, start, slices } = await recovered(body.ex_id);
    expect(doc.recovered_execution).toBe(ex_id);
    expect(doc).not.toHaveProperty('recovered_slice_type');
    expect(start).toEqual({ last: ledger().last, slicerDone: false, replayOnly: false });
    expect(slices).toEqual([...errors, ...pending]);
    expect((await api.get(`/v1/jobs/${job_id}/ex`)).body.ex_id).toBe(body.ex_id);
  });

  it.each([
    ['cleanup_type', 'all'],
    ['cleanup', 'errors'],
    ['cleanup', 'pending'],
  ] as const)('replays only, with %s=%s', async (parameter, type) => {
    const { ex_id, errors, pending } = await failed();
    const { body } = await api.post(`/v1/ex/${ex_id}/_recover?${parameter}=${type}`);
    const { doc, start, slices } = await recovered(body.ex_id);
    expect(doc.recovered_slice_type).toBe(type);
    expect(start!.replayOnly).toBe(true);
    expect(slices).toEqual({ all: [...errors, ...pending], errors, pending }[type]);
  });

  it('refuses an unknown type and what is still active', async () => {
    const { job_id, ex_id } = await api.running();
    for (const path of [`/v1/jobs/${job_id}`, `/v1/ex/${ex_id}`]) {
      const bad = await api.post(`${path}/_recover?cleanup_type=some`);
      expect(bad.body).toEqual({
        error: 400,
        message: 'cleanup_type must be empty or set to all, errors, pending',
      });
      expect((await api.post(`${path}/_recover`)).status).toBe(409);
    }
  });

  it('needs an execution to recover', async () => {
    const { job_id } = (await api.post('/v1/jobs?start=false', { body: job() })).body;
    const { body } = await api.post(`/v1/jobs/${job_id}/_recover`);
    expect(body).toEqual({ error: 404, message: `Job ${job_id} is missing an execution to recover from` });
  });

  it('takes the job as it is now, or the execution as it was', async () => {
    const { job_id, ex_id } = await failed(job({ workers: 4, old: true }));
    await api.call('PUT', `/v1/jobs/${job_id}`, { body: job({ workers: 9 }) });
    const ofExecution = (await api.post(`/v1/ex/${ex_id}/_recover`)).body.ex_id;
    expect((await recovered(ofExecution)).doc).toMatchObject({
      workers: 4,
      old: true,
      _status: expect.any(String),
    });
    await api.engine.idle();
    await api.engine.end(ofExecution, 'stopped');
    const ofJob = (await recovered((await api.post(`/v1/jobs/${job_id}/_recover`)).body.ex_id)).doc;
    expect(ofJob).toMatchObject({ workers: 9, recovered_execution: ofExecution });
    expect(ofJob).not.toHaveProperty('old');
  });

  it('does not inherit the type of an earlier recovery', async () => {
    const { ex_id } = await failed();
    const first = (await api.post(`/v1/ex/${ex_id}/_recover?cleanup=errors`)).body.ex_id;
    await api.engine.idle();
    await api.engine.end(first, 'completed');
    const second = (await api.post(`/v1/ex/${first}/_recover`)).body.ex_id;
    const { doc } = await recovered(second);
    expect(doc.recovered_execution).toBe(first);
    expect(doc).not.toHaveProperty('recovered_slice_type');
  });

  it('passes on slices that were recovered and never begun, under their first id', async () => {
    const { ex_id, errors, pending } = await failed();
    const first = (await api.post(`/v1/ex/${ex_id}/_recover`)).body.ex_id;
    await api.engine.idle();
    // It took one of the three from the store, and that one is in flight.
    api.engine.ledgers.set(first, ledger({ pending: [errors[0]!], recoveredPosition: 1 }));
    await api.engine.end(first, 'terminated');
    const second = (await api.post(`/v1/ex/${first}/_recover`)).body.ex_id;
    expect((await recovered(second)).slices).toEqual([...errors, ...pending]);
  });

  it('replays a slice once that is both recorded as failed and still owed', async () => {
    const { ex_id, errors } = await failed(job(), ledger({ pending: [[0, 3, '{"n":3}']] }));
    const { body } = await api.post(`/v1/ex/${ex_id}/_recover`);
    expect((await recovered(body.ex_id)).slices).toEqual(errors);
  });

  it('replays each of several slices to which the reader gave the same id', async () => {
    const twins: Array<Required<SliceTuple>> = [0, 1, 2].flatMap((slicer) =>
      [1, 2].map((order): Required<SliceTuple> => [slicer, order, `{"n":${order}}`, 'twin']),
    );
    const { ex_id } = await api.running();
    await api.store.failures.write([makeFailure(ex_id, twins[0]!)]);
    api.engine.ledgers.set(ex_id, ledger({ pending: twins, started: 1 }));
    await api.engine.end(ex_id, 'failed');
    const first = (await api.post(`/v1/ex/${ex_id}/_recover`)).body.ex_id;
    expect((await recovered(first)).slices).toEqual(twins);
    // Two of them are completed there.
    await api.engine.idle();
    api.engine.ledgers.set(first, ledger({ pending: twins.slice(2) }));
    await api.engine.end(first, 'failed');
    const second = (await api.post(`/v1/ex/${ex_id}/_recover`)).body.ex_id;
    expect((await recovered(second)).slices).toEqual(twins.slice(2));
  });

  it('is refused while a page of slices cannot be read', async () => {
    const { ex_id } = await failed(job(), ledger({ pages: ['one'] }));
    const { status } = await api.post(`/v1/ex/${ex_id}/_recover`);
    expect(status).toBeGreaterThanOrEqual(500);
  });

  it('tells slices that may have been begun from those that certainly were not', async () => {
    // As Teraslice's recovery-spec has it: two completed, two begun, two failed, two pending.
    const eight = ledger({
      issued: 8,
      failed: 2,
      pending: [3, 5, 6, 8].map((order): SliceTuple => [0, order, '{}']),
      started: 2,
    });
    const replayed = async (spec: Record<string, unknown>, query: string): Promise<number[]> => {
      const { ex_id } = await api.running(spec);
      await api.store.failures.write([failure(ex_id, 4), failure(ex_id, 7)]);
      api.engine.ledgers.set(ex_id, eight);
      await api.engine.end(ex_id, 'failed');
      const { body } = await api.post(`/v1/ex/${ex_id}/_recover${query}`);
      return (await recovered(body.ex_id)).slices.map(([, order]) => order);
    };
    expect(await replayed(job(), '?cleanup=errors')).toEqual([4, 7]);
    expect(await replayed(job(), '?cleanup=pending')).toEqual([6, 8]);
    expect(await replayed(job(), '?cleanup=all')).toEqual([4, 7, 3, 5, 6, 8]);
    expect(await replayed(job(), '')).toEqual([4, 7, 3, 5, 6, 8]);
    // It goes on by itself: what it left out would be lost without a word.
    expect(await replayed(job({ autorecover: true }), '')).toEqual([3, 5, 6, 8]);
  });

  it('replays every one of very many slices', async () => {
    const { ex_id } = await api.running();
    for (let from = 1; from <= 12_000; from += 500) {
      await api.store.failures.write(Array.from({ length: 500 }, (_, n) => failure(ex_id, from + n)));
    }
    api.engine.ledgers.set(ex_id, ledger({ pending: [] }));
    await api.engine.end(ex_id, 'failed');
    const { body } = await api.post(`/v1/ex/${ex_id}/_recover?cleanup_type=errors`);
    await expect(api.store.pages.recovered(body.ex_id, 0, 20_000, 1e9)).resolves.toHaveLength(12_000);
  });

  describe('with autorecover', () => {
    it('starts by replaying what is pending, and goes on', async () => {
      const { job_id, ex_id, pending } = await failed(job({ autorecover: true }));
      const { body } = await api.post(`/v1/jobs/${job_id}/_start`);
      const { doc, start, slices } = await recovered(body.ex_id);
      expect(doc).toMatchObject({
        recovered_execution: ex_id,
        recovered_slice_type: 'pending',
        autorecover: true,
      });
      expect(start!.replayOnly).toBe(false);
      expect(slices).toEqual(pending);
    });

    it('as a text is taken as it was validated', async () => {
      const { job_id, ex_id } = await failed(job({ autorecover: 'true' }));
      const { body } = await api.post(`/v1/jobs/${job_id}/_start`);
      expect((await recovered(body.ex_id)).doc).toMatchObject({
        recovered_execution: ex_id,
        autorecover: true,
      });
      const spec = job({ autorecover: 'true' });
      const fresh = (await api.post('/v1/jobs?start=false', { body: spec })).body;
      expect((await api.post(`/v1/jobs/${fresh.job_id}/_recover`)).status).toBe(200);
    });

    it('goes on after an explicit type too', async () => {
      const { ex_id } = await failed(job({ autorecover: true }));
      const { body } = await api.post(`/v1/ex/${ex_id}/_recover?cleanup=errors`);
      const { doc, start } = await recovered(body.ex_id);
      expect([doc.recovered_slice_type, start!.replayOnly]).toEqual(['errors', false]);
    });

    it('simply starts a job that never ran', async () => {
      const { job_id } = (await api.post('/v1/jobs?start=false', { body: job({ autorecover: true }) })).body;
      const { body } = await api.post(`/v1/jobs/${job_id}/_recover`);
      expect((await recovered(body.ex_id)).start).toBeNull();
    });
  });

  it.each([
    ['goes on behind the end of a slicer that is recoverable', '', true, false],
    ['leaves a slicer at its end that is not recoverable', '', false, true],
    ['leaves a slicer at its end that was not asked by the last execution', '', null, true],
    ['says with a type that the slicer came to its end', '?cleanup_type=all', true, true],
  ])('%s', async (_, query, recoverable, slicerDone) => {
    const { ex_id } = await failed(job(), ledger({ slicerDone: true, recoverable }));
    const { body } = await api.post(`/v1/ex/${ex_id}/_recover${query}`);
    expect((await recovered(body.ex_id)).start).toMatchObject({ slicerDone });
  });

  describe('of a slicer that cannot be built again', () => {
    const stuck = ledger({ recoverable: false });

    it('is refused if the slicer would be needed', async () => {
      const { job_id, ex_id } = await failed(job(), stuck);
      const { status, body } = await api.post(`/v1/jobs/${job_id}/_recover`);
      expect(status).toBe(409);
      expect(body.message).toBe(`Execution ${ex_id} cannot be recovered: Slicer is not recoverable`);
      expect((await api.get(`/v1/jobs/${job_id}/ex`)).body.ex_id).toBe(ex_id);
    });

    it.each([
      ['only slices are replayed', '?cleanup=all', stuck],
      ['the slicer had come to its end', '', { ...stuck, slicerDone: true }],
      ['the slicer had given nothing', '', { ...stuck, last: [], issued: 0, pending: [] }],
    ])('is possible if %s', async (_case, query, snapshot) => {
      const { ex_id } = await failed(job(), snapshot);
      expect((await api.post(`/v1/ex/${ex_id}/_recover${query}`)).status).toBe(200);
    });
  });

  describe('of what failed and was replayed already', () => {
    /** An execution with four failed slices, of which 1 to 3 were replayed at positions 0 to 2. */
    async function replayed(snapshot: Partial<LedgerSnapshot>) {
      const { ex_id } = await api.running();
      await api.store.failures.write([1, 2, 3].map((order) => failure(ex_id, order)));
      await api.store.failures.takeForReplay(ex_id, 'replay', '*');
      await api.store.failures.write([failure(ex_id, 4)]);
      await api.engine.end(ex_id, 'stopped', ledger({ pending: [], ...snapshot }));
      const { body } = await api.post(`/v1/ex/${ex_id}/_recover?cleanup_type=errors`);
      const errors = (await recovered(body.ex_id)).slices.map(([, order]) => order);
      await api.engine.idle();
      await api.engine.end(body.ex_id, 'completed', makeLedger());
      const rest = (await api.post(`/v1/ex/${ex_id}/_recover?cleanup_type=pending`)).body.ex_id;
      return { errors, pending: (await recovered(rest)).slices.map(([, order]) => order) };
    }

    it('takes what the workflow never heard of as failed', async () => {
      expect(await replayed({ recoveredEnd: 0 })).toEqual({ errors: [1, 2, 3, 4], pending: [] });
    });

    it('takes what the workflow did not come to as pending', async () => {
      expect(await replayed({ recoveredEnd: 3, recoveredPosition: 1 })).toEqual({
        errors: [4],
        pending: [2, 3],
      });
    });

    it('leaves out what was completed', async () => {
      expect(await replayed({ recoveredEnd: 3 })).toEqual({ errors: [4], pending: [] });
    });
  });

  describe('without the old workflow', () => {
    it('takes the report', async () => {
      const { ex_id } = await api.running();
      await api.engine.end(ex_id, 'stopped', ledger());
      const { body } = await api.post(`/v1/ex/${ex_id}/_recover`);
      const { slices, start } = await recovered(body.ex_id);
      expect([slices.length, start!.last]).toEqual([2, ledger().last]);
    });

    it('starts at the beginning if nothing was ever issued', async () => {
      const { ex_id } = await api.running();
      await api.engine.end(ex_id, 'stopped');
      const { body } = await api.post(`/v1/ex/${ex_id}/_recover`);
      expect(await recovered(body.ex_id)).toMatchObject({
        slices: [],
        start: { last: [], slicerDone: false },
      });
    });

    it('replays failed slices, and refuses what it cannot know', async () => {
      const { ex_id } = await api.running();
      await api.store.failures.write([failure(ex_id, 1)]);
      const { stats, ...none } = {
        stats: { processed: 9, failed: 1 } as never,
        ...{ issued: 10, completed: 8, failed: 1, pending: 1, running: 0, records: [], times: [] },
      };
      await api.store.executions.writeCounters([{ ex_id, seq: 1, counters: { ...none, stats } }]);
      await api.engine.end(ex_id, 'terminated');
      expect((await api.post(`/v1/ex/${ex_id}/_recover`)).status).toBe(409);
      const { body } = await api.post(`/v1/ex/${ex_id}/_recover?cleanup=errors`);
      expect((await recovered(body.ex_id)).slices).toHaveLength(1);
    });

    it('waits for Temporal to come back rather than guess', async () => {
      const { ex_id } = await failed();
      api.engine.outage = new CodedError('TEMPORAL_UNAVAILABLE');
      expect((await api.post(`/v1/ex/${ex_id}/_recover`)).status).toBe(503);
    });
  });
});

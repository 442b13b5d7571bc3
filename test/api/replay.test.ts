import { CodedError } from '../../src/errors.js';
import type { SliceTuple } from '../../src/store/types.js';
import { makeFailure, makeLedger } from '../support/executions.js';
import { job, TestApi, UNKNOWN_ID } from './support/api.js';

describe('replaying failed slices in bulk', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterEach(() => {
    api.engine.outage = undefined;
  });
  afterAll(() => api.close());

  /** A running execution with `count` failed slices. */
  async function failing(count: number, spec = job()) {
    const ids = await api.running(spec);
    const slices = Array.from({ length: count }, (_, n): SliceTuple => [0, n + 1, '{}']);
    await api.store.failures.write(slices.map((slice) => makeFailure(ids.ex_id, slice)));
    return ids;
  }
  const replay = (path: string, query = '?filter=*') => api.post(`/v1/${path}/errors/_replay${query}`);
  const errorsOf = async (exId: string) => (await api.get(`/v1/ex/${exId}/errors?size=1000`)).body;
  const recovered = (exId: string) => api.store.pages.recovered(exId, 0, 1_000, 1e6);

  it('goes into the execution while it is active', async () => {
    const { job_id, ex_id } = await failing(3);
    const { status, body } = await replay(`ex/${ex_id}`);
    expect([status, body]).toEqual([200, { job_id, ex_id, replayed: 3 }]);
    expect(await errorsOf(ex_id)).toEqual([]);
    expect((await replay(`ex/${ex_id}`)).body).toEqual({ job_id, ex_id, replayed: 0 });
    expect((await recovered(ex_id)).map(([, order]) => order)).toEqual([1, 2, 3]);
  });

  it('makes a new execution that does nothing else, once it has ended', async () => {
    const { job_id, ex_id } = await failing(3, job({ autorecover: true }));
    await api.engine.end(ex_id, 'failed', makeLedger({ pending: [[0, 9, '{}']], last: [[0, 9, '{}']] }));
    const { body } = await replay(`jobs/${job_id}`);
    expect(body).toEqual({ job_id, ex_id: expect.any(String), replayed: 3 });
    const row = (await api.store.executions.get(body.ex_id))!;
    expect(row.doc).toMatchObject({ recovered_execution: ex_id, recovered_slice_type: 'errors' });
    expect(row.recovery).toMatchObject({ replayOnly: true });
    expect((await recovered(body.ex_id)).map(([, order]) => order)).toEqual([1, 2, 3]);
    for (const error of await errorsOf(ex_id)) expect(error.recovered_by).toBe(body.ex_id);
    expect((await replay(`ex/${ex_id}`)).status).toBe(409);

    await api.engine.idle();
    await api.store.failures.write([makeFailure(body.ex_id, (await recovered(body.ex_id))[1]!)]);
    await api.engine.end(body.ex_id, 'failed', makeLedger());
    expect((await replay(`ex/${ex_id}`, '?filter=*&dry_run=true')).body).toMatchObject({ count: 1 });
    const again = (await replay(`ex/${ex_id}`)).body;
    expect(again.replayed).toBe(1);
    await api.engine.idle();
    await api.engine.end(again.ex_id, 'completed', makeLedger());
    expect((await replay(`ex/${ex_id}`)).body).toEqual({ job_id, ex_id, replayed: 0 });
  });

  it('takes the job as it is now, or the execution as it was', async () => {
    const { job_id, ex_id } = await failing(1, job({ workers: 4 }));
    await api.engine.end(ex_id, 'failed', makeLedger());
    await api.call('PUT', `/v1/jobs/${job_id}`, { body: job({ workers: 9 }) });
    const ofExecution = (await replay(`ex/${ex_id}`)).body.ex_id;
    await api.engine.idle();
    await api.store.failures.write([makeFailure(ofExecution, (await recovered(ofExecution))[0]!)]);
    await api.engine.end(ofExecution, 'failed', makeLedger());
    const ofJob = (await replay(`jobs/${job_id}`)).body.ex_id;
    expect((await api.store.executions.get(ofExecution))!.doc.workers).toBe(4);
    expect((await api.store.executions.get(ofJob))!.doc).toMatchObject({
      workers: 9,
      recovered_execution: ofExecution,
    });
  });

  it('goes on as a new execution if the old one ends meanwhile', async () => {
    const { job_id, ex_id } = await failing(2);
    const { engine } = api;
    const genuine = engine.replay.bind(engine);
    engine.replay = async (...request) => {
      engine.replay = genuine;
      await engine.end(ex_id, 'completed', makeLedger());
      return genuine(...request);
    };
    const { body } = await replay(`ex/${ex_id}`);
    expect(body).toEqual({ job_id, ex_id: expect.any(String), replayed: 2 });
    expect(body.ex_id).not.toBe(ex_id);
  });

  it('asks to try again while nobody knows yet how the execution ended', async () => {
    const { ex_id } = await failing(1);
    api.engine.outage = new CodedError('EX_NOT_ACTIVE', { ex_id });
    const { status, body } = await replay(`ex/${ex_id}`);
    expect([status, body.message]).toEqual([
      503,
      `Execution ${ex_id} is coming to its end just now; try again`,
    ]);
    expect(await errorsOf(ex_id)).toHaveLength(1);
  });

  it('takes what matches the filter', async () => {
    const { ex_id } = await failing(5);
    const active = await replay(`ex/${ex_id}`, `?filter=${encodeURIComponent('slicer_order:[1 TO 2]')}`);
    expect(active.body.replayed).toBe(2);
    await api.engine.end(ex_id, 'failed', makeLedger({ recoveredEnd: 2 }));
    const ended = await replay(`ex/${ex_id}`, `?filter=${encodeURIComponent('slicer_order:>=4')}`);
    expect((await recovered(ended.body.ex_id)).map(([, order]) => order)).toEqual([4, 5]);
    const marked = await api.get(`/v1/ex/${ex_id}/errors?filter=recovered_by:${ended.body.ex_id}`);
    expect(marked.body).toHaveLength(2);
  });

  it('only counts with dry_run', async () => {
    const { job_id, ex_id } = await failing(3);
    const count = { job_id, ex_id, count: 3 };
    expect((await replay(`ex/${ex_id}`, '?filter=*&dry_run=true')).body).toEqual(count);
    await api.engine.end(ex_id, 'failed', makeLedger());
    expect((await replay(`jobs/${job_id}`, '?dry_run=true&filter=*')).body).toEqual(count);
    expect(await errorsOf(ex_id)).toHaveLength(3);
    expect((await api.get(`/v1/jobs/${job_id}/ex`)).body.ex_id).toBe(ex_id);
  });

  it.each([
    ['', 400, 'filter must say which'],
    ['?filter=', 400, 'filter must say which'],
    ['?filter=%20', 400, 'filter must say which'],
    ['?filter=*&filter=*', 400, 'filter must say which'],
    ['?filter=nothing:here', 400, 'nothing'],
    ['?filter=*&dry_run=perhaps', 400, 'dry_run must be'],
  ])('refuses %j and changes nothing', async (query, expected, message) => {
    const { ex_id } = await failing(1);
    const { status, body } = await replay(`ex/${ex_id}`, query);
    expect([status, body]).toEqual([
      expected,
      { error: expected, message: expect.stringContaining(message) },
    ]);
    expect(await errorsOf(ex_id)).toHaveLength(1);
  });

  it('answers 404 for what there is not', async () => {
    expect((await replay(`ex/${UNKNOWN_ID}`)).status).toBe(404);
    expect((await replay(`jobs/${UNKNOWN_ID}`)).status).toBe(404);
  });
});

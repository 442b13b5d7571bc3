import { job, TestApi, UNKNOWN_ID, validator, VERSION } from './support/api.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

it('changes nothing but active of a job that is replaced meanwhile', async () => {
  let replace = async (): Promise<void> => undefined;
  const api = await TestApi.start(
    {},
    {
      validator: {
        ...validator,
        validate: async (spec) => {
          await replace();
          return validator.validate(spec);
        },
      },
    },
  );
  const { job_id } = (await api.post('/v1/jobs?start=false', { body: job() })).body;
  replace = async () => {
    replace = async () => undefined;
    await api.call('PUT', `/v1/jobs/${job_id}`, { body: job({ name: 'renamed', active: false }) });
  };
  const { body } = await api.post(`/v1/jobs/${job_id}/_active`);
  expect(body).toMatchObject({ name: 'renamed', active: true });
  expect((await api.get(`/v1/jobs/${job_id}`)).body).toEqual(body);
  await api.close();
});

describe('jobs', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterAll(() => api.close());

  describe('submit', () => {
    it('stores the job as posted and makes a pending execution', async () => {
      api.engine.startsAfter = 0;
      const spec = job({ anything: { else: [1, null] } });
      const { status, body } = await api.post('/v1/jobs', { body: spec });
      api.engine.startsAfter = 1;
      expect(status).toBe(200);
      expect(Object.keys(body)).toEqual(['job_id', 'ex_id']);
      expect(body.job_id).toMatch(UUID);
      expect(body.ex_id).toMatch(UUID);
      expect(api.engine.submissions).toContain(body.ex_id);

      const stored = (await api.get(`/v1/jobs/${body.job_id}`)).body;
      expect(stored).toEqual({
        ...spec,
        job_id: body.job_id,
        _context: 'job',
        _created: expect.stringMatching(/Z$/),
        _updated: expect.stringMatching(/Z$/),
      });

      const execution = (await api.get(`/v1/ex/${body.ex_id}`)).body;
      expect(execution).toMatchObject({
        ...spec,
        job_id: body.job_id,
        ex_id: body.ex_id,
        lifecycle: 'once',
        workers: 2,
        _context: 'ex',
        _status: 'pending',
        _has_errors: false,
        _failureReason: '',
        _slicer_stats: {},
        metadata: {},
        teraslice_version: 'v3.18.0',
        temposlice_version: VERSION,
      });
      expect((await api.get(`/v1/jobs/${body.job_id}/ex`)).body).toEqual(execution);
    });

    it('shows the status that the workflow writes', async () => {
      const { job_id, ex_id } = await api.running();
      expect((await api.get(`/v1/jobs/${job_id}/ex`)).body._status).toBe('running');
      expect((await api.get(`/v1/ex/${ex_id}`)).body._status).toBe('running');
    });

    it('takes what curl -d sends', async () => {
      const { status } = await api.post('/v1/jobs?start=false', {
        body: JSON.stringify(job()),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expect(status).toBe(200);
    });

    it('only stores the job with start=false', async () => {
      const { body } = await api.post('/v1/jobs?start=false', { body: job() });
      expect(Object.keys(body)).toEqual(['job_id']);
      const none = await api.get(`/v1/jobs/${body.job_id}/ex`);
      expect(none.status).toBe(404);
      expect(none.body.message).toBe(`No execution was found for job ${body.job_id}`);
    });

    it('passes warnings on', async () => {
      const { body } = await api.post('/v1/jobs?start=false', { body: job({ cpu: 1 }) });
      expect(body.warnings).toEqual([{ type: 'JobValidation' }]);
    });

    it('lets nobody write the fields of the server', async () => {
      const { ex_id } = await api.submit(
        job({
          _status: 'completed',
          _deleted: true,
          recovered_execution: 'x',
          slicer_hostname: 'y',
          ex_id: 'z',
        }),
      );
      const { body } = await api.get(`/v1/ex/${ex_id}`);
      expect(body._status).not.toBe('completed');
      for (const field of ['_deleted', 'recovered_execution', 'slicer_hostname'])
        expect(body).not.toHaveProperty(field);
    });

    it('keeps names that databases dislike', async () => {
      const { job_id } = await api.submit(job({ name: 'nul \u0000 and \u{1F600}', __proto__x: 'kept' }));
      expect((await api.get(`/v1/jobs/${job_id}`)).body.name).toBe('nul \u0000 and \u{1F600}');
    });

    it.each([null, ''])('takes the job_id %j for none', async (job_id) => {
      const { status, body } = await api.post('/v1/jobs?start=false', { body: job({ job_id }) });
      expect([status, (await api.get(`/v1/jobs/${body.job_id}`)).body.job_id]).toEqual([200, body.job_id]);
    });

    it.each([
      ['Job cannot include a job_id on submit', 422, job({ job_id: UNKNOWN_ID })],
      [
        'Unable to find module for operation: nope',
        400,
        job({ operations: [{ _op: 'nope' }, { _op: 'noop' }] }),
      ],
    ])('refuses: %s', async (message, error, body) => {
      const before = (await api.get('/v1/jobs?size=1000')).body.length;
      const answer = await api.post('/v1/jobs', { body });
      expect(answer.status).toBe(error);
      expect(answer.body).toEqual({ error, message });
      expect((await api.get('/v1/jobs?size=1000')).body).toHaveLength(before);
    });
  });

  describe('read and list', () => {
    it.each(['/v1/jobs/', '/v1/ex/'])('answers 404 under %s to ids that nothing has', async (path) => {
      for (const id of [UNKNOWN_ID, 'no-uuid', "'; drop table jobs; --"]) {
        const { status, body } = await api.get(`${path}${encodeURIComponent(id)}`);
        expect([status, body.error]).toEqual([404, 404]);
      }
    });

    it('puts the latest execution beside a job', async () => {
      const { job_id, ex_id } = await api.running();
      const { body } = await api.get(`/v1/jobs/${job_id}?ex=ex_id,_status,unknown`);
      expect(body.ex).toEqual({ ex_id, _status: 'running' });
      expect((await api.get(`/v1/jobs/${job_id}?ex=`)).body.ex.name).toBe('example');
      expect((await api.get(`/v1/jobs/${job_id}?ex=ex_id&ex=_status`)).body).not.toHaveProperty('ex');
      const listed = (await api.get('/v1/jobs?ex=ex_id&size=1000')).body;
      expect(
        listed.find((one: { job_id: string; ex_id: string; ex: unknown }) => one.job_id === job_id).ex,
      ).toEqual({ ex_id });
    });

    it('lists by active, size, from and sort', async () => {
      const { body } = await api.post('/v1/jobs?start=false', { body: job({ active: false }) });
      const ids = (list: Array<{ job_id: string }>): string[] => list.map(({ job_id }) => job_id);
      expect(ids((await api.get('/v1/jobs?active=false')).body)).toContain(body.job_id);
      expect(ids((await api.get('/v1/jobs?active=true&size=1000')).body)).not.toContain(body.job_id);
      const [first, second] = ids((await api.get('/v1/jobs?sort=_created:asc&size=2.9')).body);
      expect(ids((await api.get('/v1/jobs?sort=_created:asc&size=1&from=1')).body)).toEqual([second]);
      expect(first).not.toBe(second);
      expect(ids((await api.get('/v1/jobs?sort=_created&size=2')).body)).toEqual([first, second]);
      for (const size of ['', '1,000', '1_000', '1e3', '0x10']) {
        expect((await api.get(`/v1/jobs?size=${size}`)).status).toBe(200);
      }
    });

    it('lists executions by status', async () => {
      const { ex_id } = await api.running();
      const has = async (query: string): Promise<boolean> =>
        (await api.get(`/v1/ex?size=1000&${query}`)).body.some((ex: { ex_id: string }) => ex.ex_id === ex_id);
      expect(await has('status=running')).toBe(true);
      expect(await has('status=completed,running')).toBe(true);
      expect(await has('status=completed&status=running')).toBe(true);
      expect(await has('status=')).toBe(true);
      expect(await has('status=completed')).toBe(false);
      expect((await api.get('/v1/ex?status=nonsense%00')).body).toEqual([]);
    });

    it.each([
      ['size=ten', 'size parameter must be a integer, got ten'],
      ['from=x', 'from parameter must be a integer, got x'],
      ['size=%20', 'size parameter must be a integer, got'],
      ['size=1,,0', 'size parameter must be a integer, got 1,,0'],
      ['size=-1', 'size parameter must be a integer from 0 to 10000, got -1'],
      ['size=1000000', 'size parameter must be a integer from 0 to 10000, got 1000000'],
      ['sort=a&sort=b', 'sort parameter must be a string, got a,b'],
      ['deleted=maybe', 'deleted query option must true or false'],
      ['size=ten&deleted=maybe', 'deleted query option must true or false'],
    ])('refuses ?%s', async (query, message) => {
      for (const path of ['/v1/jobs', '/v1/ex']) {
        const answer = await api.get(`${path}?${query}`);
        expect(answer.body).toEqual({ error: 400, message });
      }
    });

    it('filters with the syntax of Lucene', async () => {
      const { job_id, ex_id } = await api.running(job({ name: 'Nightly load', workers: 9 }));
      const ids = async (path: string) =>
        (await api.get(path)).body.map((found: never) => found['ex_id'] ?? found['job_id']);
      const filter = encodeURIComponent(`name:"nightly load" AND workers:>8 AND job_id:${job_id}`);
      expect(await ids(`/v1/jobs?filter=${filter}`)).toEqual([job_id]);
      expect(await ids(`/v1/jobs?filter=${filter}&active=false`)).toEqual([]);
      expect(await ids(`/v1/ex?filter=${filter}&status=running`)).toEqual([ex_id]);
      expect(await ids(`/v1/ex?filter=${filter}&status=failed`)).toEqual([]);
      expect(await ids(`/v1/ex/${ex_id}/errors?filter=error:x`)).toEqual([]);
    });

    it.each(['/v1/jobs', '/ex', `/v1/ex/${UNKNOWN_ID}/errors`, '/v1/ex/errors'])(
      'says where a filter of %s is wrong',
      async (path) => {
        const { status, body } = await api.get(`${path}?filter=ex_id:x+AND+nme:y`);
        expect(status).toBe(400);
        expect(body.message).toMatch(/^cannot read the filter at character (1|13) \(".*"\): unknown field/);
      },
    );

    it('refuses to sort by what is no field', async () => {
      const { status, body } = await api.get('/v1/jobs?sort=nonsense:asc');
      expect(status).toBe(400);
      expect(body.message).toContain('"nonsense"');
    });
  });

  describe('update', () => {
    it('replaces the job and leaves executions alone', async () => {
      const { job_id, ex_id } = await api.running(job({ slicers: 3 }));
      const before = (await api.get(`/v1/jobs/${job_id}`)).body;
      const put = await api.call('PUT', `/v1/jobs/${job_id}`, {
        body: { ...job({ workers: 7 }), job_id: UNKNOWN_ID, _created: 'never' },
      });
      expect(put.status).toBe(200);
      expect(put.body).toMatchObject({ job_id, workers: 7, _created: before._created, _context: 'job' });
      expect(put.body).not.toHaveProperty('slicers');
      expect((await api.get(`/v1/jobs/${job_id}`)).body).toEqual(put.body);
      expect((await api.get(`/v1/ex/${ex_id}`)).body.slicers).toBe(3);
    });

    it.each([
      ['an empty one', {}, 400, /^no data was provided to update job/],
      ['an empty list', [], 400, /^no data was provided to update job/],
      ['a list', [1], 400, /^Validation failed for job config: undefined/],
      ['one that would wipe the job', { active: false }, 400, /^Validation failed for job config/],
    ])('refuses %s', async (_name, body, status, message) => {
      const { job_id } = await api.submit();
      const before = (await api.get(`/v1/jobs/${job_id}`)).body;
      const answer = await api.call('PUT', `/v1/jobs/${job_id}`, { body });
      expect(answer.status).toBe(status);
      expect(answer.body.message).toMatch(message);
      expect((await api.get(`/v1/jobs/${job_id}`)).body).toEqual(before);
    });

    it('knows no job of an unknown id', async () => {
      expect((await api.call('PUT', `/v1/jobs/${UNKNOWN_ID}`, { body: job() })).status).toBe(404);
    });

    it('flips active', async () => {
      const { job_id } = await api.submit();
      expect((await api.post(`/v1/jobs/${job_id}/_inactive`)).body.active).toBe(false);
      expect((await api.post(`/v1/jobs/${job_id}/_active`)).body).toMatchObject({ ...job(), active: true });
    });
  });

  describe('delete', () => {
    it('is refused while an execution is active, and soft afterwards', async () => {
      const { job_id, ex_id } = await api.running();
      const refused = await api.call('DELETE', `/v1/jobs/${job_id}`);
      expect(refused.body).toEqual({
        error: 409,
        message: `Job ${job_id} is currently running, cannot delete a running job.`,
      });
      await api.engine.end(ex_id, 'completed');

      const deleted = await api.call('DELETE', `/v1/jobs/${job_id}`);
      expect(deleted.status).toBe(200);
      expect(deleted.body).toMatchObject({ ...job(), job_id, _deleted: true, active: false });
      expect(deleted.body._deleted_on).toMatch(/Z$/);
      expect((await api.get(`/v1/ex/${ex_id}`)).body._deleted).toBe(true);
      expect((await api.get(`/v1/jobs/${job_id}`)).body._deleted).toBe(true);

      const listed = async (query: string): Promise<boolean> =>
        (await api.get(`/v1/jobs?size=1000&${query}`)).body.some(
          (one: { job_id: string; ex_id: string; ex: unknown }) => one.job_id === job_id,
        );
      expect(await listed('')).toBe(false);
      expect(await listed('deleted=true')).toBe(true);

      for (const [method, verb, message] of [
        ['DELETE', '', `Job ${job_id} has already been deleted.`],
        ['PUT', '', `Job ${job_id} has been deleted and cannot be updated.`],
        ['POST', '/_start', `Job ${job_id} has been deleted and cannot be started.`],
        ['POST', '/_recover', `Job ${job_id} has been deleted and cannot be recovered.`],
        ['POST', '/_active', `Job ${job_id} has been deleted and cannot be updated.`],
      ] as const) {
        const answer = await api.call(method, `/v1/jobs/${job_id}${verb}`, { body: job() });
        expect(answer.body).toEqual({ error: 410, message });
      }
      expect((await api.post(`/v1/ex/${ex_id}/_recover`)).status).toBe(410);
    });

    it('knows no job of an unknown id', async () => {
      expect((await api.call('DELETE', `/v1/jobs/${UNKNOWN_ID}`)).status).toBe(404);
    });
  });
});

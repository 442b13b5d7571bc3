import { hostname } from 'node:os';
import { Router } from 'express';
import { job, TestApi, UNKNOWN_ID, VERSION } from './support/api.js';

/** The one store that the servers of this file share. */
let api: TestApi;
afterAll(() => api.close());

describe('the HTTP layer', () => {
  beforeAll(async () => {
    const internal = Router();
    internal.get('/presence', (_request, response) => {
      response.json({ reached: true });
    });
    const codec = Router();
    codec.post('/decode', (_request, response) => {
      response.json({ decoded: true });
    });
    api = await TestApi.start(
      { allowedHosts: ['slices.example'], maxBodyBytes: 1_000_000 },
      { internal, codec },
    );
  });

  const nothingStored = async (): Promise<void> => {
    expect((await api.get('/v1/jobs')).body).toEqual([]);
    expect((await api.get('/v1/ex')).body).toEqual([]);
  };

  describe('paths and methods', () => {
    it.each(['/', '/v1', '/v1/'])('says at %s what it is', async (path) => {
      const { status, body } = await api.get(path);
      expect(status).toBe(200);
      expect(body).toEqual({
        arch: process.arch,
        clustering_type: 'native',
        name: 'test-cluster',
        node_version: process.version,
        platform: process.platform,
        teraslice_version: 'v3.18.0',
        temposlice_version: VERSION,
      });
    });

    it('prints JSON with four spaces', async () => {
      const { text, headers } = await api.get('/v1');
      expect(text).toMatch(/^\{\n {4}"arch"/);
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
    });

    it.each(['/jobs', '/v1/jobs', '/v1/jobs/', '/ex', '/v1/ex', '/cluster/state', '/v1/cluster/state'])(
      'has %s with and without a prefix',
      async (path) => {
        expect((await api.get(path)).status).toBe(200);
      },
    );

    it.each(['/v1/nothing', '/v1/v1/jobs', '/v1/jobs/x/_unknown', '/v1/healthz', '/internal/nothing'])(
      'answers 404 to the unknown path %s',
      async (path) => {
        const { status, body } = await api.get(`${path}?a=b`);
        expect(status).toBe(404);
        expect(body).toEqual({ error: 404, message: `cannot GET endpoint ${path}?a=b` });
      },
    );

    it.each([
      ['DELETE', '/v1/jobs', 'GET, HEAD, POST'],
      ['GET', `/v1/jobs/${UNKNOWN_ID}/_start`, 'POST'],
      ['PUT', `/v1/ex/${UNKNOWN_ID}`, 'GET, HEAD'],
      ['POST', '/v1', 'GET, HEAD'],
      ['POST', '/healthz', 'GET, HEAD'],
    ])('answers 405 to %s %s', async (method, path, allow) => {
      const { status, headers, body } = await api.call(method, path);
      expect(status).toBe(405);
      expect(headers.allow).toBe(allow);
      expect(body).toEqual({ error: 405, message: `cannot ${method} endpoint ${path}` });
    });

    it('answers HEAD as GET without a body, and OPTIONS with the methods', async () => {
      const head = await api.call('HEAD', '/v1/jobs');
      expect([head.status, head.text]).toEqual([200, '']);
      const options = await api.call('OPTIONS', '/v1/jobs');
      expect([options.status, options.headers.allow, options.text]).toEqual([
        200,
        'GET, HEAD, POST',
        'GET, HEAD, POST',
      ]);
      expect([options.headers['content-type'], options.headers.etag]).toEqual(['text/plain', undefined]);
    });

    it('answers 304 to what the caller has already', async () => {
      const { headers } = await api.get('/v1');
      expect((await api.get('/v1', { headers: { 'if-none-match': headers.etag! } })).status).toBe(304);
    });

    it('answers 400 to a path that cannot be decoded', async () => {
      const { status, body } = await api.get('/v1/jobs/%E0%A4%A');
      expect(status).toBe(400);
      expect(body.error).toBe(400);
      expect((await api.get('/v1/jobs/%00')).status).toBe(404);
    });
  });

  describe('bodies', () => {
    it.each([
      ['application/x-www-form-urlencoded'],
      ['application/json'],
      ['application/json; charset=utf-8'],
      ['text/plain'],
      [undefined],
    ])('takes a job as %s', async (type) => {
      const body = JSON.stringify({ operations: [] });
      const answer = await api.post('/v1/jobs', {
        body,
        headers: type === undefined ? {} : { 'content-type': type },
      });
      expect(answer.status).toBe(400);
      // It got as far as the validation of what was posted.
      expect(answer.body.message).toContain('operations need to be of type array');
    });

    it.each([
      ['{"name": "cut of', '/v1/jobs'],
      ['"text"', '/v1/jobs'],
      ['17', '/v1/jobs'],
      ['{]', '/v1/anything/at/all'],
    ])('answers 400 to %s', async (body, path) => {
      const answer = await api.post(path, { body, headers: { 'content-type': 'application/json' } });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual({ error: 400, message: 'the json submitted is malformed' });
    });

    it.each([[undefined], ['{}'], ['[]'], ['[{"operations": []}]'], ['{"name": "no operations"}']])(
      'says that no job was posted with the body %s',
      async (body) => {
        const answer = await api.post('/v1/jobs', { body });
        expect(answer.status).toBe(400);
        expect(answer.body).toEqual({ error: 400, message: 'No job was posted' });
      },
    );

    it('answers 415 to a charset it cannot read', async () => {
      const answer = await api.post('/v1/jobs', {
        body: '{}',
        headers: { 'content-type': 'application/json; charset=latin1' },
      });
      expect(answer.status).toBe(415);
    });

    it('answers 413 to 50 MB and goes on', async () => {
      const body = Buffer.alloc(50_000_000, ' ');
      const answer = await api.post('/v1/jobs', { body, headers: { 'content-type': 'application/json' } });
      expect(answer.status).toBe(413);
      expect(answer.body.message).toContain('1000000 bytes');
      expect((await api.get('/v1')).status).toBe(200);
    });

    it('answers a body that is nested too deeply, and goes on', async () => {
      const body = `{"operations":${'['.repeat(400_000)}${']'.repeat(400_000)}}`;
      const answer = await api.post('/v1/jobs', { body });
      expect(answer.body).toEqual({
        error: 400,
        message: 'the json submitted is nested more than 200 levels deep',
      });
    });

    it('takes a job as large as the limit allows', async () => {
      const answer = await api.post('/v1/jobs?start=false', { body: job({ note: 'x'.repeat(900_000) }) });
      expect(answer.status).toBe(200);
      expect((await api.get(`/v1/jobs/${answer.body.job_id}`)).body.note).toHaveLength(900_000);
      await api.call('DELETE', `/v1/jobs/${answer.body.job_id}`);
    });

    it.each([
      'text/plain',
      'application/json; charset=utf-8',
      'application/json; charset=x',
      'Application/JSON',
    ])('ignores the body of a verb as %s', async (type) => {
      const answer = await api.post(`/v1/jobs/${UNKNOWN_ID}/_stop`, {
        body: '{garbage',
        headers: { 'content-type': type },
      });
      expect(answer.status).toBe(404);
    });

    it('cuts messages at 3000 characters', async () => {
      const answer = await api.post('/v1/jobs', {
        body: job({ operations: [{ _op: 'x'.repeat(5000) }, {}] }),
      });
      expect(answer.body.message).toHaveLength(3000);
      expect(answer.body.message).toMatch(/x \.\.\.$/);
    });

    it('has stored nothing of all this', nothingStored);
  });

  describe('who may call', () => {
    it.each(['https://evil.example', 'null', 'http://127.0.0.1:8233'])(
      'refuses the origin %s',
      async (origin) => {
        const answer = await api.post('/v1/jobs', { body: job(), headers: { origin } });
        expect(answer.status).toBe(403);
        expect(answer.body).toEqual({
          error: 403,
          message: `requests from the web origin ${origin} are not allowed`,
        });
        await nothingStored();
      },
    );

    it('takes requests of its own pages', async () => {
      const headers = { origin: `http://127.0.0.1:${api.port}` };
      expect((await api.get('/v1', { headers })).status).toBe(200);
    });

    it.each([
      'localhost',
      'LOCALHOST:5678',
      '127.0.0.1',
      '10.1.2.3:5678',
      '[::1]:5678',
      'slices.example',
      hostname(),
    ])('answers to the name %s', async (host) => {
      expect((await api.get('/v1', { headers: { host } })).status).toBe(200);
    });

    it.each([
      'evil.example',
      'localhost.evil.example:5678',
      '127.0.0.1.evil.example',
      '[evil',
      '[localhost]',
      '[::1]evil.example',
      '[::1]:5678.evil.example',
    ])('does not answer to the name %s', async (host) => {
      const { status, body } = await api.get('/v1', { headers: { host } });
      expect(status).toBe(403);
      expect(body.message).toContain(host);
    });

    it('lets the Temporal Web UI decode, and nobody else', async () => {
      const preflight = await api.call('OPTIONS', '/codec/decode', {
        headers: { origin: 'http://localhost:8233' },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers['access-control-allow-origin']).toBe('http://localhost:8233');
      const decoded = await api.post('/codec/decode', { headers: { origin: 'http://127.0.0.1:8233' } });
      expect(decoded.body).toEqual({ decoded: true });
      expect((await api.post('/codec/decode', { headers: { origin: 'http://evil.example' } })).status).toBe(
        403,
      );
    });

    it('keeps web pages out of /internal where there is no token', async () => {
      expect((await api.get('/internal/presence')).body).toEqual({ reached: true });
      expect(
        (await api.get('/internal/presence', { headers: { origin: 'http://evil.example' } })).status,
      ).toBe(403);
      expect((await api.get('/internal/presence', { headers: { host: 'evil.example' } })).status).toBe(403);
    });
  });
});

describe('the cluster token', () => {
  let guarded: TestApi;
  beforeAll(async () => {
    const internal = Router();
    internal.get('/presence', (_request, response) => {
      response.json({ reached: true });
    });
    guarded = await TestApi.start({ clusterToken: 'open sesame' }, { internal, store: api.store });
  });
  afterAll(() => guarded.close());

  it('is all that /internal asks for', async () => {
    const headers = { host: 'master.cluster.example', 'x-temposlice-token': 'open sesame' };
    expect((await guarded.get('/internal/presence', { headers })).body).toEqual({ reached: true });
  });

  it.each<Record<string, string>>([
    {},
    { 'x-temposlice-token': '' },
    { 'x-temposlice-token': 'open sesame!' },
  ])('is asked for: %j', async (headers) => {
    expect((await guarded.get('/internal/presence', { headers })).status).toBe(401);
  });
});

describe('failures', () => {
  let failing: TestApi;
  beforeAll(async () => {
    failing = await TestApi.start(
      {},
      {
        store: api.store,
        validator: {
          async validate({ reason }) {
            throw Object.assign(new Error(String(reason)), { code: reason });
          },
          jobSchema: async () => ({}),
        },
      },
    );
  });
  afterAll(() => failing.close());

  it('are answered without a stack', async () => {
    const { status, body } = await failing.post('/v1/jobs', { body: job({ reason: 'the unforeseen' }) });
    expect(status).toBe(500);
    expect(body).toEqual({ error: 500, message: 'the unforeseen' });
  });

  it.each(['ECONNREFUSED', '57P01', '25P03', '55P03', '57014', 'Connection terminated unexpectedly'])(
    'tell an unreachable store from other trouble: %s',
    async (reason) => {
      expect((await failing.post('/v1/jobs', { body: job({ reason }) })).status).toBe(503);
    },
  );
});

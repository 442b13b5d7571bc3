import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { makeExecution, makeJob } from '../support/executions.js';
import { TestApi } from './support/api.js';

/** Documents have any size: what is said of one, or of many, must be said nevertheless. */
let api: TestApi;
const logged: string[] = [];

beforeAll(async () => {
  const logger = pino({ level: 'error' }, { write: (line: string) => logged.push(line) });
  api = await TestApi.start({}, { logger });
});
afterAll(() => api.close());

/** A text that does not become smaller by compression. */
const noise = (bytes: number): string => randomBytes(bytes / 2).toString('hex');
const created = (n: number): string => new Date(Date.UTC(2024, 0, n + 1)).toISOString();

describe('a list of large documents', () => {
  const jobs = Array.from({ length: 10 }, (_, n) =>
    makeJob({ name: `large ${n} ${noise(n % 3 === 0 ? 100 : 1_000_000)}`, _created: created(n) }),
  );

  beforeAll(async () => {
    for (const [n, job] of jobs.entries()) {
      await api.store.jobs.insert(job);
      if (n % 2 === 1) continue;
      await api.store.executions.insert(
        makeExecution({ job_id: job.job_id, name: job.name, _created: created(n) }),
      );
    }
  });

  it('is sent as it is read', async () => {
    const { status, headers, body } = await api.get('/v1/jobs?sort=_created:asc');
    expect(status).toBe(200);
    expect(headers['transfer-encoding']).toBe('chunked');
    expect(body).toEqual(jobs);
  });

  it('is sent as a whole if it is short', async () => {
    const { headers, text, body } = await api.get('/v1/jobs?sort=_created:desc&size=1');
    expect(body).toEqual([jobs.at(-1)]);
    expect(headers.etag).toBeDefined();
    expect(text).toBe(JSON.stringify(body, null, 4));
    expect((await api.get('/v1/jobs?size=0')).text).toBe('[]');
  });

  it('shows the execution of each job, however large', async () => {
    const { body } = await api.get('/v1/jobs?sort=_created:asc&ex=job_id,name');
    expect(body).toEqual(
      jobs.map((job, n) => ({ ...job, ex: n % 2 === 0 ? { job_id: job.job_id, name: job.name } : {} })),
    );
    const executions = await api.get('/v1/ex?sort=_created:asc');
    expect(executions.body.map((ex: { name: string }) => ex.name)).toEqual(
      jobs.filter((_job, n) => n % 2 === 0).map(({ name }) => name),
    );
  });

  it('is of no use to a caller who has left', async () => {
    const request = get({ port: api.port, path: '/v1/jobs' });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await once(response, 'data');
    request.destroy();
    expect((await api.get('/v1/jobs?size=1')).status).toBe(200);
    expect(logged).toEqual([]);
  });
});

it('does not drown a deep document in white space', async () => {
  let deep: unknown = Array<number>(700_000).fill(1);
  for (let level = 0; level < 190; level++) deep = [deep];
  const job = makeJob({ deep });
  await api.store.jobs.insert(job);
  const { status, text } = await api.get(`/v1/jobs/${job.job_id}`);
  expect(status).toBe(200);
  expect(text).toBe(JSON.stringify(job));
  const list = await api.get(`/v1/jobs?filter=job_id:${job.job_id}`);
  expect(list.text).toBe(`[\n    ${JSON.stringify(job)}\n]`);
});

it('refuses a table that would consist of blanks', async () => {
  const fields = Array.from({ length: 100 }, (_, n) => `field_${n}`);
  const wide = Object.fromEntries(fields.map((field) => [field, 'x'.repeat(1_000)]));
  await api.store.jobs.insert(makeJob({ ...wide, lifecycle: 'persistent', workers: 77 }));
  for (let n = 0; n < 350; n++) await api.store.jobs.insert(makeJob({ lifecycle: 'persistent' }));
  const path = `/txt/jobs?fields=${fields.join(',')}&filter=lifecycle:persistent`;
  expect((await api.get(`${path}&size=1000`)).body).toEqual({
    error: 400,
    message: 'the table would have more than 8388608 characters: choose fewer rows or columns',
  });
  expect((await api.get(`${path}&size=50`)).status).toBe(200);
});

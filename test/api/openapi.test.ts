import { Validator } from '@seriousme/openapi-schema-validator';
import { createApi } from '../../src/api/index.js';
import { type OpenApiDocument } from '../../src/api/openapi/document.js';
import { ERRORS } from '../../src/errors.js';
import { JOB_FIELDS } from '../../src/store/fields.js';
import { DocumentCheck } from '../support/openapi.js';
import { job, TestApi, UNKNOWN_ID, validator, VERSION } from './support/api.js';

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: Record<string, unknown>;
}
interface OperationObject {
  operationId: string;
  parameters?: Parameter[];
  responses: Record<string, { description: string }>;
}

let api: TestApi;
let document: OpenApiDocument;
beforeAll(async () => {
  api = await TestApi.start();
  document = (await api.get('/v1/openapi.json')).body;
});
afterAll(() => api.close());

const operations = (): Array<[string, OperationObject]> =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, one]): [string, OperationObject] => [
      `${method.toUpperCase()} ${path}`,
      one as OperationObject,
    ]),
  );
const find = (name: string): OperationObject => operations().find(([one]) => one === name)![1];
const parameter = (name: string, of: string): Parameter =>
  find(of).parameters!.find((one) => one.name === name)!;

it('is the same with and without a version in the path', async () => {
  expect((await api.get('/openapi.json')).body).toEqual(document);
  expect(document).toMatchObject({ openapi: '3.1.0', info: { version: VERSION } });
});

it('is a document in the form of OpenAPI 3.1, and all of its schemas are some', async () => {
  const form = new Validator();
  expect(await form.validate(structuredClone(document) as never)).toEqual({ valid: true });
  expect(form.version).toBe('3.1');
  new DocumentCheck(document).compileAll();
});

/** What a router of Express lists; the types do not know it yet. */
interface ListedRoute {
  path: string;
  methods?: string[];
  router?: { listRoutes(): ListedRoute[] };
}
type Listing = NonNullable<ListedRoute['router']>;

const routesOf = (router: Listing, prefix = ''): string[] =>
  router.listRoutes().flatMap(({ path, methods = [], router: inner }) => {
    const at = prefix + (path === '/' && inner ? '' : path);
    if (inner) return routesOf(inner, at);
    // HEAD comes with GET; what is left over of a path is answered 405.
    expect(methods).toContain('*');
    return methods.filter((method) => !['*', 'HEAD'].includes(method)).map((method) => `${method} ${at}`);
  });

const templated = (route: string): string => route.replace(/:(\w+)/g, '{$1}').replace(/(.\/.+)\/$/, '$1');

it('has every route of the router, and no other', async () => {
  const app = createApi(api.dependencies);
  const routes = routesOf(app.router as unknown as Listing).map(templated);
  expect(routes.length).toBeGreaterThan(90);
  const named = operations().map(([name]) => name);
  const unversioned = named
    .filter((name) => name.includes(' /v1'))
    .map((name) => name.replace('/v1', '').replace(/ $/, ' /'));
  expect([...new Set(routes)].sort()).toEqual([...named, ...unversioned].sort());
});

it('names each operation once', () => {
  const ids = operations().map(([, { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

it('says of parameters what they are checked by', async () => {
  const size = parameter('size', 'GET /v1/jobs');
  expect(size.schema).toEqual({ type: 'integer', minimum: 0, maximum: 10_000, default: 100 });
  for (const value of [0, 10_000]) expect((await api.get(`/v1/jobs?size=${value}`)).status).toBe(200);
  for (const value of [-1, 10_001, 'x']) expect((await api.get(`/v1/jobs?size=${value}`)).status).toBe(400);

  const sort = new RegExp(parameter('sort', 'GET /v1/jobs').schema.pattern as string);
  for (const field of [...Object.keys(JOB_FIELDS), 'ex_id', 'operations', 'constructor']) {
    for (const value of [field, `${field}:asc`, `${field}:up`]) {
      const { status } = await api.get(`/v1/jobs?sort=${value}`);
      expect([value, status]).toEqual([value, sort.test(value) ? 200 : 400]);
    }
  }

  expect(parameter('log_level', 'POST /v1/jobs/{job_id}/_settings')).toMatchObject({
    required: true,
    schema: { enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] },
  });
  expect(parameter('job_id', 'GET /v1/jobs/{job_id}')).toMatchObject({ in: 'path', required: true });
  expect(parameter('add', 'POST /v1/ex/{ex_id}/_workers')).toMatchObject({
    required: false,
    schema: { type: 'integer', minimum: 1 },
  });
});

it('knows what every parameter is', () => {
  const nameless = operations().flatMap(([name, { parameters = [] }]) =>
    parameters
      .filter(({ schema }) => schema.type === undefined && schema.enum === undefined)
      .map((one) => `${name}: ${one.name}`),
  );
  expect(nameless).toEqual([]);
});

it('takes the texts of errors from their registry', () => {
  expect(find('POST /v1/jobs/{job_id}/_start').responses['409']!.description).toContain(
    '- Job {job_id} is currently running, cannot have the same job concurrently running',
  );
  const described = operations().flatMap(([, { responses }]) => Object.keys(responses).map(Number));
  const statuses = Object.values(ERRORS).map(({ status }) => status);
  // Those of no path, and of what only nodes ask.
  const elsewhere = [401, 405];
  expect(statuses.filter((status) => !described.includes(status) && !elsewhere.includes(status))).toEqual([]);
});

it('has the schema that jobs are validated with', async () => {
  expect(document.components.schemas.JobConfiguration).toEqual(await validator.jobSchema());
});

// All tests of the API hold all answers against the document (`TestApi`); this one sees that they would notice.
it('is held against answers', async () => {
  const check = new DocumentCheck(document);
  const { ex_id, job_id } = await api.running(job());
  const answer = await api.get(`/v1/ex/${ex_id}`);
  const differences = (changes: object, status = answer.status) =>
    check.differences('GET', `/ex/${UNKNOWN_ID}`, {
      status,
      contentType: answer.headers['content-type'],
      text: JSON.stringify({ ...answer.body, ...changes }),
    });
  expect(differences({})).toEqual([]);
  expect(differences({ _status: 'lost' })).toHaveLength(1);
  expect(differences({ ex_id: undefined })).toHaveLength(1);
  expect(differences({}, 201)).toHaveLength(1);
  const ledger = await api.get(`/v1/jobs/${job_id}/ledger`);
  const more = {
    status: 200,
    contentType: 'application/json',
    text: JSON.stringify({ ...ledger.body, more: 1 }),
  };
  expect(check.differences('GET', `/v1/jobs/${job_id}/ledger`, more)).toHaveLength(1);
});

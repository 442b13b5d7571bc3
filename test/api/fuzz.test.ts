import fc from 'fast-check';
import { job, TestApi } from './support/api.js';

/**
 * Random requests against the API and a real store. Whatever comes, it is answered, in time, and by an answer
 * that blames the caller if anyone: never a 500.
 */

/** One seed, so that a failure is the same for everybody; FUZZ_SEED and FUZZ_RUNS for long runs by hand. */
const SEED = Number(process.env.FUZZ_SEED ?? 5678);
const RUNS = Number(process.env.FUZZ_RUNS ?? 300);
const ANSWER_WITHIN = 20_000;

/** Characters that mean something to somebody on the way, and any others. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom(...'\0\'"\\;:()[]{}<>/?&=%#+-*~^|!.,_ \t\r\n0Aaé\ud800😀'),
    maxLength: 30,
  }),
  fc.constantFrom(
    '',
    '%',
    '%00',
    '%zz',
    '..',
    '__proto__',
    'constructor',
    'true',
    'false',
    'null',
    'NaN',
    '-1',
  ),
  fc.constantFrom(
    '0',
    '1e999',
    '9007199254740993',
    '99999999999999999999',
    '*',
    '_updated:desc',
    '[',
    'x'.repeat(1_000),
  ),
);

/** Well-formed, whatever the value is. */
const clause = fc
  .tuple(
    fc.constantFrom(
      'name',
      'lifecycle',
      'workers',
      '_created',
      '_failureReason',
      'ex_id',
      'slicer_order',
      '_exists_',
    ),
    fc.constantFrom('', '>', '<=', '[* TO '),
    text,
  )
  .map(([field, operator, value]) => {
    const phrase = `"${value.replace(/["\\]/g, '\\$&')}"`;
    return `${field}:${operator}${phrase}${operator.startsWith('[') ? '}' : ''}`;
  });

const filter = fc.oneof(
  text,
  fc.array(clause, { minLength: 1, maxLength: 4 }).map((clauses) => clauses.join(' OR ')),
  fc
    .array(
      fc.constantFrom(
        ...[
          'name',
          ':',
          'workers',
          '_created',
          '(',
          ')',
          ' AND ',
          ' OR ',
          ' NOT ',
          '"',
          '*',
          '?',
          '[',
          ' TO ',
          ']',
        ],
        ...[
          '{',
          '}',
          '>=',
          '<',
          '5',
          'now-1d/d',
          '2024-02-30',
          '\\',
          '+',
          '-',
          '!',
          '~2',
          '^3',
          '/',
          '_exists_',
          'a b',
        ],
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join('')),
);

describe('any request', () => {
  let api: TestApi;
  let ids: string[];

  beforeAll(async () => {
    api = await TestApi.start({ maxBodyBytes: 100_000, actionTimeout: 300 });
    const running = await api.running();
    const ended = await api.running();
    await api.engine.end(ended.ex_id, 'completed');
    ids = [...Object.values(running), ...Object.values(ended)];
  });
  afterAll(() => api.close());

  const segment = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(...['v1', 'jobs', 'ex', 'cluster', 'txt', 'assets', 'errors', 'state']),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        ...[
          'slicer',
          'controller',
          'slicers',
          'controllers',
          'stats',
          'workers',
          'nodes',
          'ledger',
          'healthz',
        ],
        ...[
          '_start',
          '_stop',
          '_pause',
          '_resume',
          '_recover',
          '_workers',
          '_settings',
          '_active',
          '_inactive',
        ],
      ),
    },
    { weight: 4, arbitrary: fc.nat(3).map((index) => ids[index]!) },
    { weight: 1, arbitrary: text.map(encoded) },
    { weight: 1, arbitrary: text.map(rawSegment) },
  );

  const parameter = fc
    .tuple(
      fc.oneof(
        fc.constantFrom(
          'size',
          'from',
          'sort',
          'active',
          'deleted',
          'ex',
          'status',
          'start',
          'fields',
          'headers',
        ),
        fc.constantFrom(
          'blocking',
          'timeout',
          'force',
          'add',
          'remove',
          'total',
          'log_level',
          'cleanup_type',
        ),
        text,
      ),
      text,
    )
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  const filterParameter = filter.map((value) => `filter=${encoded(value)}`);

  const header = fc.tuple(
    fc.constantFrom('content-type', 'accept', 'accept-encoding', 'if-none-match', 'x-forwarded-for', 'range'),
    fc.oneof(
      fc.constantFrom(
        'application/json',
        'application/json; charset=x',
        'multipart/form-data; boundary=x',
        'text/plain',
      ),
      fc.string({ unit: fc.constantFrom(...'abc;,=/*"\t 0-'), maxLength: 20 }),
    ),
  );

  const body = fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: text },
    { weight: 2, arbitrary: fc.json() },
    {
      weight: 3,
      arbitrary: fc
        .record(
          { name: fc.json(), workers: fc.json(), operations: fc.json(), active: fc.json(), apis: fc.json() },
          { requiredKeys: [] },
        )
        .map((values) =>
          JSON.stringify(
            Object.fromEntries(
              Object.entries(values).map(([key, value]) => [key, JSON.parse(value) as unknown]),
            ),
          ),
        ),
    },
    {
      weight: 1,
      arbitrary: fc.object().map((extra) => JSON.stringify(job({ ...extra, job_id: undefined }))),
    },
  );

  const request = fc.record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'),
    path: fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`),
    query: fc.array(fc.oneof(parameter, filterParameter), { maxLength: 4 }).map((query) => query.join('&')),
    headers: fc.array(header, { maxLength: 3 }).map((headers) => Object.fromEntries(headers)),
    body,
  });

  /** Lists that exist, so that more of the queries are read. */
  const list = fc.tuple(
    fc.constantFrom(
      '/jobs',
      '/ex',
      '/ex/errors',
      '/txt/jobs',
      '/txt/ex',
      '/txt/workers',
      '/v1/cluster/state',
    ),
    fc.array(fc.oneof(parameter, filterParameter), { minLength: 1, maxLength: 4 }),
  );

  async function check(
    method: string,
    path: string,
    call: Parameters<TestApi['call']>[2] = {},
  ): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('no answer')), ANSWER_WITHIN);
    });
    const { status, text: answer, body: json } = await Promise.race([api.call(method, path, call), late]);
    clearTimeout(timer);
    // 503 is the answer of a verb whose execution does not get where it should: here the workflows are played.
    if (status >= 500 && !(status === 503 && /^Timed out/.test(json?.message))) {
      throw new Error(`${status}: ${answer}`);
    }
    if (status >= 400 && method !== 'HEAD')
      expect(json).toEqual({ error: status, message: expect.any(String) });
  }

  const options = { seed: SEED, numRuns: RUNS, endOnFailure: false };

  it('is answered', async () => {
    await fc.assert(
      fc.asyncProperty(request, ({ method, path, query, headers, body: sent }) =>
        check(method, `${path}?${query}`, { headers, body: sent }),
      ),
      options,
    );
  }, 300_000);

  it('is answered by lists', async () => {
    await fc.assert(
      fc.asyncProperty(list, ([path, query]) => check('GET', `${path}?${query.join('&')}`)),
      options,
    );
  }, 300_000);

  it('leaves the API as it was', async () => {
    for (const path of ['/healthz', '/v1/jobs', '/v1/ex', '/v1/cluster/state', '/txt/jobs']) {
      expect((await api.get(path)).status).toBe(200);
    }
  });
});

/** As `encodeURIComponent`, which refuses halves of surrogate pairs. */
function encoded(value: string): string {
  return encodeURIComponent(Buffer.from(value).toString());
}

/** What a sloppy client would send: not encoded, as far as HTTP can carry it. */
function rawSegment(value: string): string {
  return value.replace(/[^\x21-\x7e]|[?#]/g, '');
}

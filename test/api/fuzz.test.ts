import { connect } from 'node:net';
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

const HOST = 'Host: 127.0.0.1\r\n';
const POST = `POST /v1/jobs?start=false HTTP/1.1\r\n${HOST}`;
const JOB = '{"operations":[{"_op":"data_generator"},{"_op":"noop"}]}';

/** Whole requests, those that lie about their length or their form, and what is none at all. */
const bytes = fc
  .oneof(
    fc.constantFrom(
      `GET /v1/jobs HTTP/1.1\r\n${HOST}\r\n`,
      'GET /v1/jobs HTTP/1.0\r\n\r\n',
      'GET /v1/jobs HTTP/1.1\r\n\r\n',
      `GET http://evil.example/v1/jobs HTTP/1.1\r\n${HOST}\r\n`,
      `GET //v1//jobs/../ex HTTP/1.1\r\n${HOST}\r\n`,
      `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
      `CONNECT x:1 HTTP/1.1\r\n${HOST}\r\n`,
      `GET /v1 HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`,
      `GET /v1 HTTP/1.1\r\n${HOST}${'x: y\r\n'.repeat(3_000)}\r\n`,
    ),
    fc.constantFrom(
      `${POST}Content-Length: ${JOB.length}\r\n\r\n${JOB}`,
      `${POST}Content-Length: ${JOB.length}\r\nExpect: 100-continue\r\n\r\n${JOB}`,
      `${POST}Content-Length: 3\r\n\r\n${JOB}`,
      `${POST}Content-Length: 1000\r\n\r\n${JOB}`,
      `${POST}Content-Length: -1\r\n\r\n`,
      `${POST}Transfer-Encoding: chunked\r\n\r\nffff\r\n${JOB}`,
      `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nabcde\r\n0\r\n\r\n`,
      `${POST}Content-Encoding: gzip\r\nContent-Length: ${JOB.length}\r\n\r\n${JOB}`,
      `POST /assets HTTP/1.1\r\n${HOST}Content-Length: 9000\r\n\r\nPK\x03\x04`,
      `POST /assets HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n4\r\nPK\x03\x04\r\n`,
    ),
  )
  .map((request) => Buffer.from(request, 'latin1'));
const anyBytes = fc.oneof(
  { weight: 4, arbitrary: bytes },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((junk) => Buffer.from(junk)) },
);

/** After this time without an answer nothing more is sent, in ms: a request that is not whole gets none until then. */
const REST_WITHIN = 100;

/**
 * What the server says to these bytes, and to a request behind them that ends the connection. To one that the client has ended
 * it would say nothing any more.
 */
function exchange(port: number, sent: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => reject(new Error('the connection hangs')), ANSWER_WITHIN);
    const rest = setTimeout(() => socket.end(), REST_WITHIN);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      rest.refresh();
    });
    // It may be reset, as what comes behind a refusal is not read.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      clearTimeout(rest);
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
    socket.write(sent);
    socket.write('GET /healthz HTTP/1.1\r\nHost: last\r\nConnection: close\r\n\r\n');
  });
}

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
    if (status < 400 || method === 'HEAD') return;
    // Some answers about assets are Teraslice's: a text alone.
    if (typeof json.error === 'string') expect(json).toEqual({ error: expect.stringMatching(/^asset /) });
    else expect(json).toEqual({ error: status, message: expect.any(String) });
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

  it('is answered, or ended, whatever the bytes are', async () => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyBytes, { minLength: 1, maxLength: 5 }), async (parts) => {
        const answers = (await exchange(api.port, Buffer.concat(parts))).matchAll(/HTTP\/1\.1 (\d+)/g);
        for (const [line, status] of answers) {
          if (Number(status) >= 500) throw new Error(line);
          answered += 1;
        }
      }),
      options,
    );
    expect(answered).toBeGreaterThan(RUNS / 2);
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

import { join } from 'node:path';
import { jest } from '@jest/globals';
import { CodedError } from '../../src/errors.js';
import { createValidator, type ValidatorOptions } from '../../src/operations/validate.js';
import { ASSET_ID, OTHER_ASSET_ID, writeAsset, writeBundle } from './support/assets.js';
import { Directories } from './support/directories.js';
import { processesOf, until } from './support/processes.js';

type Spec = Record<string, unknown>;
type Validator = ReturnType<typeof createValidator>;

const directories = new Directories();
const validators: Validator[] = [];

function open(dataDir: string, options: ValidatorOptions = {}): Validator {
  const settings = {
    assetsDir: join(dataDir, 'assets'),
    name: 'test',
    logLevel: 'info',
    shutdownTimeout: 1000,
  };
  const validator = createValidator(settings, options);
  validators.push(validator);
  return validator;
}

const READER = { _op: 'test-reader' };
const job = (more: Spec = {}): Spec => ({ name: 'a job', operations: [READER, { _op: 'noop' }], ...more });
const withOperation = (_op: string, more: Spec = {}): Spec =>
  job({ assets: [ASSET_ID], operations: [READER, { _op, ...more }] });

async function refusal(promise: Promise<unknown>): Promise<string> {
  const err = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(err).toBeInstanceOf(CodedError);
  expect(err).toMatchObject({ code: 'JOB_INVALID', status: 400 });
  return (err as CodedError).message;
}

const closeAll = async (): Promise<void> => {
  await Promise.all(validators.splice(0).map((validator) => validator.close()));
  expect(processesOf('validate-child.js')).toEqual([]);
};
afterAll(() => directories.clean());

describe('a job without assets', () => {
  let validator: Validator;
  beforeAll(() => {
    validator = open(directories.make());
  });
  afterAll(closeAll);

  it('has what no schema knows logged, and is taken all the same', async () => {
    const warn = jest.fn();
    const listening = open(directories.make(), { logger: { warn } as never });
    const misspelt = { wrokers: 2, job_id: 'of a stored job', _created: 'now' };
    const operations = [
      { ...READER, pth: '/data' },
      { _op: 'delay', ms: 1, sm: 2, mss: 3, _encoding: 'json' },
    ];
    const { job: valid, warnings } = await listening.validate(job({ ...misspelt, operations }));
    expect(warnings).toEqual([]);
    expect(valid.operations[1]).toMatchObject({ _op: 'delay', ms: 1, sm: 2 });
    expect(warn.mock.calls).toEqual(
      [
        "The following keys are not declared in a job schema: 'wrokers'",
        "The following keys are not declared in test-reader schema: 'pth'",
        "The following keys are not declared in delay schema: 'sm, mss'",
      ].map((text) => [{ job: 'a job' }, text]),
    );
    await listening.close();
  });

  it('gets the defaults that Teraslice documents, and ours', async () => {
    const { job: valid, warnings } = await validator.validate(job());
    expect(warnings).toEqual([]);
    expect(valid).toEqual({
      name: 'a job',
      active: true,
      analytics: true,
      assets: null,
      autorecover: false,
      lifecycle: 'once',
      max_retries: 3,
      operations: [
        expect.objectContaining({ _op: 'test-reader', _encoding: 'json', _dead_letter_action: 'throw' }),
        { _op: 'noop', _encoding: 'json', _dead_letter_action: 'throw' },
      ],
      apis: [],
      probation_window: 300_000,
      slicers: 1,
      workers: expect.any(Number),
      stateful: false,
      labels: null,
      env_vars: {},
      log_level: null,
      slice_timeout: 0,
      max_failed_slices: null,
      relocatable: false,
    });
  });

  it('keeps what it does not know, and coerces as the library does', async () => {
    const { job: valid } = await validator.validate(
      job({
        workers: '3',
        active: 'false',
        probation_window: '5 minutes',
        log_level: null,
        performance_metrics: 'as posted',
        ours: { deep: [1, null] },
        operations: [READER, { _op: 'delay', ms: '20', note: 'kept' }],
        max_failed_slices: '2.5%',
        slice_timeout: 1500,
      }),
    );
    expect(valid).toMatchObject({
      workers: 3,
      active: false,
      probation_window: 300_000,
      log_level: null,
      performance_metrics: 'as posted',
      ours: { deep: [1, null] },
      max_failed_slices: '2.5%',
      slice_timeout: 1500,
    });
    expect(valid.operations[1]).toMatchObject({ _op: 'delay', ms: 20, note: 'kept' });
  });

  it.each([
    ['5 minutes', 300_000],
    ['2 w', 1_209_600_000],
    ['1 second', 1_000],
    ['700', 700],
    [0, 0],
  ])('takes %j for a duration', async (probation_window, ms) => {
    expect((await validator.validate(job({ probation_window }))).job).toMatchObject({ probation_window: ms });
  });

  it('takes any failed slice for one too many, if it is told so', async () => {
    const { job: valid } = await validator.validate(job({ max_failed_slices: 0 }));
    expect(valid).toMatchObject({ max_failed_slices: 0 });
  });

  it('leaves to operations what an option of theirs called connection is, and takes none for none', async () => {
    const operations = [READER, { _op: 'noop', connection: 'sftp://a', _connection: null }];
    expect((await validator.validate(job({ operations }))).job.operations[1]).toMatchObject(operations[1]!);
  });

  it.each([
    ...[true, 'true', '1', 1].map((value) => [value, true] as const),
    ...[false, 'false', '0', 0].map((value) => [value, false] as const),
  ])('takes %j for a truth value, as Teraslice does', async (given, taken) => {
    const spec = { active: given, analytics: given, autorecover: given, stateful: given };
    const truths = Object.fromEntries(Object.keys(spec).map((field) => [field, taken]));
    expect((await validator.validate(job(spec))).job).toMatchObject(truths);
  });

  it.each<[string, Spec, RegExp]>([
    [
      'another text for a truth value',
      { autorecover: 'yes' },
      /a job - autorecover: must be of type Boolean/,
    ],
    ['nothing for a truth value', { active: null }, /a job - active: must be of type Boolean/],
    ['no operations', { operations: undefined }, /at least two operations/],
    ['one operation', { operations: [READER] }, /at least two operations/],
    ['an operation that is no object', { operations: [READER, 'noop'] }, /Invalid Operation config/],
    ['an operation without a name', { operations: [READER, {}] }, /"_op" name exists/],
    [
      'an unknown operation',
      { operations: [READER, { _op: 'no-such-op' }] },
      /^Unable to find module for operation: no-such-op$/,
    ],
    ['half a worker', { workers: 1.5 }, /job config: a job - workers: must be valid integer greater than/],
    ['no worker', { workers: 0 }, /job config: a job - workers: /],
    ['workers in words', { workers: 'three' }, /job config: a job - workers: /],
    ['more workers than numbers hold', { workers: 1e12 }, /a job - workers: must be at most 2147483647/],
    ['no slicer', { slicers: 0 }, /job config: a job - slicers: /],
    ['retries as text', { max_retries: '3' }, /job config: a job - max_retries: /],
    ['negative retries', { max_retries: -1 }, /job config: a job - max_retries: /],
    ['another lifecycle', { lifecycle: 'twice' }, /job config: a job - lifecycle: /],
    ['an empty name', { name: '' }, /job config: {2}- name: /],
    ['a negative slice_timeout', { slice_timeout: -1 }, /job config: a job - slice_timeout: /],
    ['a slice_timeout in words', { slice_timeout: 'soon' }, /job config: a job - slice_timeout: /],
    ['less than no failed slice', { max_failed_slices: -1 }, /job config: a job - max_failed_slices: /],
    ['more than all slices', { max_failed_slices: '101%' }, /job config: a job - max_failed_slices: /],
    ['an unknown level', { log_level: 'loud' }, /log_level: must be one of the following: trace,debug/],
    ['an api twice', { apis: [{ _name: 'x' }, { _name: 'x' }] }, /Duplicate API configurations for x found/],
    ['an api without a name', { apis: [{}] }, /API requires an _name/],
    [
      'an api that is not there',
      { operations: [READER, { _op: 'noop', _api_name: 'queue' }] },
      /^Could not find the associated api for queue$/,
    ],
    [
      'an api that is not there, by its other name',
      { operations: [READER, { _op: 'noop', api_name: 'queue' }] },
      /^Could not find the associated api for queue$/,
    ],
    ...[{ _api_name: null }, { api_name: null }].map((none): [string, Spec, RegExp] => [
      `no api where one is named (${JSON.stringify(none)})`,
      { operations: [READER, { _op: 'noop', ...none }] },
      /^An operation with a _api_name keyword must link it to a valid api configuration on the job$/,
    ]),
    ['apis that are no list', { apis: {} }, /a job - apis: APIs is required to be an array: value was \{\}$/],
    ['a list of apis as text', { apis: '[]' }, /a job - apis: APIs is required to be an array/],
    ['variables as text', { env_vars: '{}' }, /a job - env_vars: must be object: value was "\{\}"$/],
    [
      'a variable without a name',
      { env_vars: { '': 'x' } },
      /a job - env_vars: key must be not empty: value was \{"":"x"\}$/,
    ],
    [
      'a variable whose name would end too early',
      { env_vars: { 'A=B': 'x' } },
      /a job - env_vars: key "A=B" must not contain "="$/,
    ],
    ...[{ 'A\0': 'x' }, { 'A\0': 1 }].map((env_vars): [string, Spec, RegExp] => [
      `NUL in the name of a variable (${JSON.stringify(env_vars)})`,
      { env_vars },
      /a job - env_vars: key "A\\u0000" and its value must not contain NUL$/,
    ]),
    [
      'NUL in the value of a variable',
      { env_vars: { A: 'x\0' } },
      /a job - env_vars: key "A" and its value must not contain NUL$/,
    ],
    [
      'a variable longer than any process can get',
      { env_vars: { A: 'ä'.repeat(65_535) } },
      /a job - env_vars: value for key "A" is too long: 131073 bytes with its key, at most 131072 are allowed$/,
    ],
    [
      'more variables than any process can get',
      { env_vars: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`A${i}`, 'x'.repeat(120_000)])) },
      /a job - env_vars: too long: 1080036 bytes altogether, at most 1048576 are allowed$/,
    ],
    [
      'an unknown unit of time',
      { probation_window: '5 fortnights' },
      /a job - probation_window: Invalid duration unit: fortnights: value was "5 fortnights"$/,
    ],
    ...[null, '', 1.5, -1, 'soon', []].map((value): [string, Spec, RegExp] => [
      `the duration ${JSON.stringify(value)}`,
      { probation_window: value },
      /a job - probation_window: must be a positive integer or human readable string containing a number/,
    ]),
    [
      'an unknown connection',
      { operations: [READER, { _op: 'noop', _connection: 'x' }] },
      /^Validation failed for job config: a job - Operation noop refers to connection "x" which is unavailable$/,
    ],
    ['an asset that is not there', { assets: [OTHER_ASSET_ID] }, /^No asset found for "b{40}"$/],
    ['an asset outside of the folder', { assets: ['../..'] }, /^No asset found for "\.\.\/\.\."$/],
    [
      'an operation of an asset that is not listed',
      { operations: [READER, { _op: `noop@${OTHER_ASSET_ID}` }] },
      /could not find the hashID for asset identifier b{40}$/,
    ],
    [
      'a wrong option',
      { operations: [READER, { _op: 'delay', ms: 'soon' }] },
      /operation config: delay - ms/,
    ],
    [
      'operations that are no list',
      { operations: 'abc' },
      /operations: Operations need to be of type array with at least two.*value was "abc"$/,
    ],
    [
      'a processor as reader',
      { operations: [{ _op: 'noop' }, { _op: 'noop' }] },
      /^"noop" cannot read: the first operation must be a reader$/,
    ],
    [
      'a reader as processor',
      { operations: [READER, { _op: 'data_generator' }] },
      /^"data_generator" cannot process records: only the first operation can be a reader$/,
    ],
  ])('is refused with %s', async (_what, more, message) => {
    const text = await refusal(validator.validate(job(more)));
    expect(text).toMatch(message);
    expect(text).not.toMatch(/\n\s+at /);
  });

  it('knows configured connections', async () => {
    const own = open(directories.make(), {
      foundation: { terafoundation: {}, teraslice: {}, connectors: { kafka: { events: {} } } },
    });
    const connected = { operations: [READER, { _op: 'noop', _connection: 'events' }] };
    await expect(own.validate(job(connected))).resolves.toBeDefined();
    await own.close();
  });

  it('re-uses its process, and replaces one that died', async () => {
    await validator.validate(job());
    const [first, ...others] = processesOf('validate-child.js');
    expect(others).toEqual([]);
    await validator.validate(job());
    expect(processesOf('validate-child.js')).toEqual([first]);
    process.kill(first!, 'SIGKILL');
    await until(() => !processesOf('validate-child.js').includes(first!));
    await expect(validator.validate(job())).resolves.toBeDefined();
  });
});

describe('a job with assets', () => {
  afterEach(closeAll);

  it('is checked with the schemas of its operations', async () => {
    const dataDir = directories.make();
    writeAsset(join(dataDir, 'assets'), ASSET_ID, {
      picky: {
        schema: `
          build() { return { level: { default: 7, format: 'nat' } }; }
          validateJob(job) { if (job.workers > 5) throw new Error('picky wants few workers'); }`,
      },
    });
    const validator = open(dataDir);
    const { job: valid } = await validator.validate(withOperation('picky'));
    expect(valid.operations[1]).toMatchObject({ _op: 'picky', level: 7 });
    expect(valid.assets).toEqual([ASSET_ID]);
    await expect(validator.validate(withOperation(`picky@${ASSET_ID}`))).resolves.toBeDefined();
    expect(await refusal(validator.validate(withOperation('picky', { level: -1 })))).toMatch(
      /^Validation failed for operation config: picky - level: /,
    );
    expect(await refusal(validator.validate({ ...withOperation('picky'), workers: 6 }))).toBe(
      'picky wants few workers',
    );
  });

  it('sees the asset as it is now, not as it was loaded before', async () => {
    const dataDir = directories.make();
    const assets = join(dataDir, 'assets');
    const validator = open(dataDir);
    for (const preset of [1, 2]) {
      writeAsset(assets, ASSET_ID, {
        changing: { schema: `build() { return { preset: { default: ${preset}, format: 'nat' } }; }` },
      });
      const { job: valid } = await validator.validate(withOperation('changing'));
      expect(valid.operations[1]).toMatchObject({ preset });
    }
  });

  it('takes schemas that return their config with warnings, and hands the warnings on', async () => {
    const dataDir = directories.make();
    writeBundle(
      join(dataDir, 'assets'),
      ASSET_ID,
      `{ modern: {
        Processor: class extends lib.BatchProcessor { async onBatch(records) { return records; } },
        Schema: class {
          constructor(context) { this.context = context; }
          validate(config) {
            return { config: { ...config, total: config.total ?? 5 }, warnings: [{ field: 'old', message: 'deprecated' }] };
          }
          validateJob() {}
        },
      } }`,
    );
    const { job: valid, warnings } = await open(dataDir).validate(withOperation('modern'));
    expect(valid.operations[1]).toEqual({ _op: 'modern', total: 5 });
    expect(warnings).toEqual([{ field: 'old', message: 'deprecated' }]);
  });

  it('looks at its APIs in the order that each generation of operations expects', async () => {
    const dataDir = directories.make();
    const processor = 'class extends lib.BatchProcessor { async onBatch(records) { return records; } }';
    writeBundle(
      join(dataDir, 'assets'),
      ASSET_ID,
      `{
        helper: {
          API: class extends lib.OperationAPI { async createAPI() { return {}; } },
          Schema: class extends lib.ConvictSchema { build() { return { depth: { default: 3, format: 'nat' } }; } },
        },
        injecting: {
          Processor: ${processor},
          Schema: class extends lib.ConvictSchema {
            build() { return { api_name: { default: null, format: 'optional_String' } }; }
            validateJob(job) {
              const own = job.operations.find(({ _op }) => _op === 'injecting');
              own.api_name = 'helper:mine';
              this.ensureAPIFromConfig(own.api_name, job, {});
            }
          },
        },
        modern: {
          Processor: ${processor},
          Schema: class {
            validate(config) { return { config, warnings: [] }; }
            validateJob(job) {
              const { api_name } = job.operations.find(({ _op }) => _op === 'modern');
              const { depth } = job.apis.find(({ _name }) => _name === api_name);
              if (depth !== 3) throw new Error('the API has no defaults: ' + depth);
            }
          },
        },
      }`,
    );
    const validator = open(dataDir);
    const { job: valid } = await validator.validate(withOperation('injecting'));
    expect(valid.operations[1]).toMatchObject({ api_name: 'helper:mine' });
    expect(valid.apis).toMatchObject([{ _name: 'helper:mine', depth: 3 }]);

    const modern = withOperation('modern', { api_name: 'helper' });
    await expect(validator.validate({ ...modern, apis: [{ _name: 'helper' }] })).resolves.toBeDefined();
    expect(await refusal(validator.validate(modern))).toBe('Could not find the associated api for helper');
    expect(await refusal(validator.validate(withOperation('modern', { api_name: null })))).toBe(
      'An operation with a _api_name keyword must link it to a valid api configuration on the job',
    );
  });

  it('is refused if two assets bring the operation', async () => {
    const dataDir = directories.make();
    for (const id of [ASSET_ID, OTHER_ASSET_ID]) writeAsset(join(dataDir, 'assets'), id, { twin: {} });
    const both = { ...withOperation('twin'), assets: [ASSET_ID, OTHER_ASSET_ID] };
    expect(await refusal(open(dataDir).validate(both))).toMatch(/Multiple assets containing the same/);
  });

  it('is taken from the asset that its name says, and from nowhere else', async () => {
    const dataDir = directories.make();
    for (const id of [ASSET_ID, OTHER_ASSET_ID]) writeAsset(join(dataDir, 'assets'), id, { twin: {} });
    const validator = open(dataDir);
    const assets = [ASSET_ID, OTHER_ASSET_ID];
    const _op = `twin@${OTHER_ASSET_ID}`;
    const { job: valid } = await validator.validate({ ...withOperation(_op), assets });
    expect(valid.operations[1]!._op).toBe(_op);
    const builtin = { ...withOperation(`noop@${OTHER_ASSET_ID}`), assets };
    expect(await refusal(validator.validate(builtin))).toBe(
      `Unable to find module for operation: noop@${OTHER_ASSET_ID}`,
    );
  });
});

describe('code that misbehaves', () => {
  afterEach(closeAll);

  const MISBEHAVIOUR = {
    throwing: { schema: `validate() { throw new Error('this schema never agrees'); }` },
    'throwing-nothing': { schema: `validate() { throw undefined; }` },
    looping: { schema: `validate() { for (;;); }` },
    'loading-for-ever': { top: 'for (;;);' },
    'never-settling': { top: 'setInterval(() => {}, 1000); await new Promise(() => {});' },
    exiting: { schema: `validate() { process.exit(3); }` },
    crashing: {
      schema: `validate(config) { setImmediate(() => { throw new RangeError('out of the blue'); }); for (;;) if (Date.now() < 0) return config; }`,
    },
    'crashing-later': {
      top: `process.nextTick(() => { throw new RangeError('out of the blue'); }); await new Promise((done) => setTimeout(done, 60_000));`,
    },
    greedy: { schema: `validate() { const all = []; for (;;) all.push(new Array(1e5).fill({})); }` },
    chatty: { schema: `validate(config) { process.send({ hello: 1 }); process.send(null); return config; }` },
    unspeakable: { schema: `validate(config) { return { ...config, big: 1n }; }` },
  };
  let dataDir: string;
  beforeAll(() => {
    dataDir = directories.make();
    writeAsset(join(dataDir, 'assets'), ASSET_ID, MISBEHAVIOUR);
  });

  it.each<[string, RegExp]>([
    ['throwing', /^this schema never agrees$/],
    ['throwing-nothing', /undefined was thrown/],
    ['exiting', /^Validation failed for job config: a job - .* ended with exit code 3$/],
    ['crashing-later', /^Validation failed for job config: a job - .* RangeError: out of the blue$/],
    ['greedy', /^Validation failed for job config: a job - .* heap/],
    ['unspeakable', /BigInt/],
  ])('%s: is refused, and the next job goes through', async (name, message) => {
    const validator = open(dataDir, { memoryMb: 100 });
    expect(await refusal(validator.validate(withOperation(name)))).toMatch(message);
    await expect(validator.validate(job())).resolves.toBeDefined();
  });

  it.each(['looping', 'loading-for-ever', 'never-settling', 'crashing'])(
    '%s: is ended after its time',
    async (name) => {
      const validator = open(dataDir, { timeoutMs: 2_000 });
      expect(await refusal(validator.validate(withOperation(name)))).toBe(
        'Validation failed for job config: a job - there was no answer within 2000ms',
      );
      await expect(validator.validate(job())).resolves.toBeDefined();
    },
  );

  it('chatty: is not taken at its word', async () => {
    const { job: valid } = await open(dataDir).validate(withOperation('chatty'));
    expect(valid.operations[1]).toMatchObject({ _op: 'chatty' });
  });

  it('turns away who waits too long behind those that hang', async () => {
    const validator = open(dataDir, { timeoutMs: 20_000, concurrency: 1, patienceMs: 100 });
    const hanging = expect(validator.validate(withOperation('looping'))).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    await expect(validator.validate(job())).rejects.toMatchObject({ code: 'TOO_BUSY', status: 503 });
    await validator.close();
    await hanging;
  });

  it('does not hold up another validation while one hangs', async () => {
    const validator = open(dataDir, { timeoutMs: 20_000 });
    const hanging = validator.validate(withOperation('looping'));
    await expect(validator.validate(job())).resolves.toBeDefined();
    const refused = expect(hanging).rejects.toMatchObject({ code: 'INTERNAL' });
    await validator.close();
    await refused;
  });
});

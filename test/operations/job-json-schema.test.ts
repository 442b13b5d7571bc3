import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { createValidator } from '../../src/operations/validate.js';
import { CodedError } from '../../src/errors.js';
import { Directories } from './support/directories.js';

/**
 * The schema is made of what jobs are validated with, but for the checks that are functions. So it is held against the
 * validation itself: what it takes, the validation must take, and what it refuses, the validation must, too, but for
 * texts, which the validation takes for numbers and truth values, and a few others.
 */

type Spec = Record<string, unknown>;

const OPERATIONS = [{ _op: 'test-reader' }, { _op: 'noop' }];
/** Of many kinds, for any property. */
const VALUES: unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    1,
    2,
    10,
    2_147_483_648,
    -1,
    1.5,
    '',
    'text',
    '3',
    '1.5',
    '5%',
    '100%',
    '100.5%',
    '101%',
    '7.25%',
  ],
  ...[
    'once',
    'persistent',
    'info',
    'loud',
    '5 minutes',
    '5 w',
    '5 fortnights',
    '5',
    [],
    ['text'],
    [1],
    {},
    { a: 'b' },
    { a: '' },
    { a: 1 },
  ],
  ...[[{}], [{ _op: 'noop' }], OPERATIONS, [{ _op: 'test-reader' }, {}], [{ _op: 'test-reader' }, null]],
  ...[[{ _name: '' }], [{ _name: 1 }], [null], [{ _op: 'test-reader' }, { _op: 'noop', _encoding: 'other' }]],
  ...[[{ _op: 'test-reader' }, { _op: 'noop', _dead_letter_action: 1 }], { '': 'a' }, { a: null }, { a: [] }],
];
/** What the schema refuses and the validation takes, beside texts: it does not look at everything. */
const LENIENT: Record<string, unknown[]> = {
  env_vars: [{ a: [] }],
  labels: [{ a: [] }],
  log_level: [false, 0],
  // Truth values may be numbers, as in Teraslice.
  ...{ active: [0, 1], analytics: [0, 1], autorecover: [0, 1], stateful: [0, 1] },
};

const MISSING = /^No asset found|^Unable to find module/;

const directories = new Directories();
let validator: ReturnType<typeof createValidator>;
let schema: { properties: Record<string, { default?: unknown }> };
let conforms: ValidateFunction;
beforeAll(async () => {
  validator = createValidator({
    assetsDir: directories.make(),
    name: 'test',
    logLevel: 'info',
    shutdownTimeout: 1_000,
  });
  schema = (await validator.jobSchema()) as typeof schema;
  conforms = new Ajv2020({ strictTypes: false, strictRequired: false }).compile(schema);
});
afterAll(async () => {
  await validator.close();
  directories.clean();
});

async function isValid(spec: Spec): Promise<boolean> {
  return validator.validate(spec).then(
    () => true,
    (error: unknown) => {
      // What is named must be there: no matter of form.
      if (error instanceof CodedError && error.code === 'JOB_INVALID') return MISSING.test(error.message);
      throw error;
    },
  );
}

it('has every property of a job that has a default, with that default', async () => {
  const { job } = await validator.validate({ operations: OPERATIONS });
  const { operations: _, relocatable: __, ...defaults } = job;
  expect(
    Object.fromEntries(
      Object.entries(schema.properties)
        .filter(([name]) => name !== 'operations')
        .map(([name, property]) => [name, property.default]),
    ),
  ).toEqual(defaults);
});

it('takes and refuses what the validation does', async () => {
  const differences: Record<string, unknown[]> = {};
  const wrong: Record<string, unknown[]> = {};
  for (const name of Object.keys(schema.properties)) {
    for (const value of VALUES) {
      const spec = { operations: OPERATIONS, [name]: value };
      const [described, valid] = [conforms(spec), await isValid(spec)];
      if (described && !valid) (wrong[name] ??= []).push(value);
      if (valid && !described && typeof value !== 'string') (differences[name] ??= []).push(value);
    }
  }
  expect(wrong).toEqual({});
  expect(differences).toEqual(LENIENT);
});

it('wants operations', () => {
  expect(conforms({ operations: OPERATIONS, anything: { else: true } })).toBe(true);
  expect(conforms({})).toBe(false);
});

import type { Case } from '../case.js';
import { ONCE } from '../world.js';

/**
 * Jobs that are refused: Teraslice answers 500, Temposlice 400. The message begins the same; behind that Teraslice has
 * what its validator says, as JSON, and Temposlice one line. What both have in common is looked for.
 */
const refused = (row: string, changes: object, message: RegExp): Case => ({
  row,
  request: 'POST /v1/jobs?start=false',
  send: { json: { name: 'conformance-{run}-refused', ...ONCE, ...changes } },
  expect: { status: 500, message },
  temposlice: { status: 400, message },
});
const about = (what: string): RegExp =>
  new RegExp(`^Validation failed for job config: conformance-\\w+-refused - [^]*${what}`);
const property = (name: string, value: unknown, what = `\\b${name}\\b`): Case =>
  refused(`J2 ${name}: ${JSON.stringify(value)}`, { [name]: value }, about(what));
const [READER, NOOP] = ONCE.operations;
const operations = (row: string, list: unknown[], message: RegExp): Case =>
  refused(`J4 ${row}`, { operations: list }, message);
const second = (row: string, operation: object, message: RegExp): Case =>
  operations(row, [READER, operation], message);
const apis = (row: string, list: unknown, what: string): Case =>
  refused(`J4 ${row}`, { apis: list }, about(what));

const DURATION = 'must be a positive integer or human readable string containing a number and valid unit';

const PROPERTIES: Case[] = [
  ...['active', 'analytics', 'autorecover', 'stateful'].flatMap((name) => [
    property(name, 'yes'),
    property(name, null),
    property(name, 2),
  ]),
  ...['', 5, null].map((name): Case => ({
    ...refused(`J2 name: ${JSON.stringify(name)}`, { name }, /^Validation failed for job config: /),
  })),
  // Teraslice looks for the assets before it validates the job: each letter, and what is no text.
  ...['one', [1]].map((value) => ({
    ...property('assets', value, 'assets needs? to be'),
    expect: { status: 500, message: /^Failure to get assets/ },
  })),
  property('lifecycle', 'whatever'),
  property('lifecycle', null),
  ...[-1, 1.5, '3', null].map((value) => property('max_retries', value)),
  ...['slicers', 'workers'].flatMap((name) =>
    [0, -1, 'many', null, []].map((value) =>
      property(name, value, 'must be valid integer greater than zero'),
    ),
  ),
  ...[-1, null, '', 'soon', 1.5].map((value) => property('probation_window', value, DURATION)),
  property('probation_window', '5 fortnights', 'Invalid duration unit: fortnights'),
  property('labels', [], 'must be object'),
  property('labels', { a: '' }, 'value for key .+a.+ must be not empty'),
  property('labels', { '': 'a' }, 'key must be not empty'),
  property('env_vars', null, 'must be object'),
  property('env_vars', '{}', 'must be object'),
  property('env_vars', { A: '' }, 'value for key .+A.+ must be not empty'),
  property('log_level', 'loud', 'must be one of the following: trace,debug,info,warn,error,fatal'),
  refused(
    'J3 old and new resources',
    { cpu: 1, resources_requests_cpu: 1 },
    about("cpu\\/memory can't be mixed with resource settings of the same type\\."),
  ),
];

const OPERATIONS: Case[] = [
  operations('one operation', [NOOP], about('Operations need to be of type array with at least two')),
  operations(
    'an operation that is no object',
    [READER, 'noop'],
    about('Invalid Operation config in operations'),
  ),
  operations('a processor first', [NOOP, NOOP], /noop/),
  operations('a reader behind', [READER, READER], /test-reader/),
  second('unknown operation', { _op: 'no-such-op' }, /^Unable to find module for operation: no-such-op/),
  ...['.hidden', '_hidden', 'node_modules'].map((_op) => second(`name ${_op}`, { _op }, /./)),
  second(
    '_encoding',
    { _op: 'noop', _encoding: 'xml' },
    /^Validation failed for operation config: noop - [^]*_encoding/,
  ),
  second(
    '_dead_letter_action',
    { _op: 'noop', _dead_letter_action: 1 },
    /^Validation failed for operation config: noop - [^]*_dead_letter_action/,
  ),
  second(
    'option',
    { _op: 'delay', ms: 'soon' },
    /^Validation failed for operation config: delay - [^]*\bms\b/,
  ),
  second('needed options', { _op: 'collect' }, /^Validation failed for operation config: collect - [^]*size/),
  ...['_api_name', 'api_name'].flatMap((key) => [
    second(`${key} of none`, { _op: 'noop', [key]: 'x' }, /^Could not find the associated api for x/),
    second(
      `${key}: null`,
      { _op: 'noop', [key]: null },
      /^An operation with a _api_name keyword must link it to a valid api configuration on the job/,
    ),
  ]),
  second(
    '_connection of none',
    { _op: 'noop', _connection: 'conformance' },
    about('Operation noop refers to connection .+conformance.+ which is unavailable'),
  ),
  apis('apis that are no list', {}, 'APIs is required to be an array'),
  apis('an API that is no object', ['x'], 'Invalid API config in apis'),
  apis('an API without a name', [{}], 'API requires an _name'),
  apis('an API twice', [{ _name: 'x' }, { _name: 'x' }], 'Duplicate API configurations for x found'),
  apis(
    '_connection of none, of an API',
    [{ _name: 'x', _connection: 'conformance' }],
    'API x refers to connection .+conformance.+ which is unavailable',
  ),
  refused(
    'J4 an API without code',
    { apis: [{ _name: 'no-such-api' }] },
    /^Unable to find module for (operation|api): no-such-api/,
  ),
];

/** Teraslice takes fractions, and cuts them off. */
const fraction = (name: string): Case => {
  const { send, request, row, temposlice } = property(name, 1.5);
  return { row, request, send: send!, expect: { status: 200 }, temposlice: temposlice! };
};

export const VALIDATION: Case[] = [
  ...PROPERTIES,
  fraction('workers'),
  fraction('slicers'),
  ...OPERATIONS,
  {
    row: 'J1 a job without a name',
    request: 'POST /v1/jobs',
    send: { json: { operations: [NOOP] } },
    expect: { status: 500, message: /^Validation failed for job config: undefined - / },
    temposlice: { status: 400, message: /^Validation failed for job config: undefined - / },
  },
  refused('J5 an unknown asset', { assets: ['no-such-asset'] }, /No assets? found for "no-such-asset"/),
  refused(
    'J5 an unknown version',
    { assets: ['no-such-asset:1.0.0'] },
    /No assets? found for "no-such-asset:1\.0\.0"/,
  ),
];

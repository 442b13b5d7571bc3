import type { Case } from '../case.js';

/** What Teraslice answers where a handler has thrown. */
const BROKEN = { status: 500, text: /^\{"error":"api is not available"\}$/ };
const NO_JOB = { status: 400, message: 'No job was posted' };
const MALFORMED = { status: 400, message: 'the json submitted is malformed' };
const malformed = (text: string): Case => ({
  row: '1.1 malformed JSON',
  request: 'POST /v1/jobs',
  send: { text, type: 'application/json' },
  expect: MALFORMED,
});

export const BODIES: Case[] = [
  {
    row: '1.1 form type is JSON',
    request: 'POST /v1/jobs',
    send: { text: '{}', type: 'application/x-www-form-urlencoded' },
    expect: NO_JOB,
  },
  { row: '1.1 JSON', request: 'POST /v1/jobs', send: { json: {} }, expect: NO_JOB },
  {
    row: '1.1 JSON with a charset',
    request: 'POST /v1/jobs',
    send: { json: {}, type: 'application/json; charset=utf-8' },
    expect: BROKEN,
    temposlice: NO_JOB,
  },
  {
    row: '1.1 no content type',
    request: 'POST /v1/jobs',
    send: { text: '{}' },
    expect: BROKEN,
    temposlice: NO_JOB,
  },
  { row: '1.1 no body', request: 'POST /v1/jobs', expect: BROKEN, temposlice: NO_JOB },
  {
    row: '1.1 empty body',
    request: 'POST /v1/jobs',
    send: { text: '', type: 'application/json' },
    expect: NO_JOB,
  },
  {
    row: '1.1 above 100 kB',
    request: 'POST /v1/jobs',
    send: { json: { name: 'x'.repeat(200_000) } },
    expect: BROKEN,
    temposlice: NO_JOB,
  },
  malformed('{"name": "cut of'),
  malformed('"text"'),
  malformed('1'),
  malformed('null'),
  {
    row: '1.1 no body',
    request: 'PUT /v1/jobs/{job:never}',
    expect: BROKEN,
    temposlice: { status: 400, message: 'no data was provided to update job {job:never}' },
  },
  {
    row: '1.1 verbs do not look at bodies',
    request: 'POST /v1/ex/{ex:completed}/_stop',
    send: { text: 'anything', type: 'text/plain' },
    expect: { status: 200, values: { status: 'completed' } },
  },
  ...['application/json; charset=utf-8', 'Application/JSON'].map((type): Case => ({
    row: '1.1 nor at what may be JSON',
    request: 'POST /v1/ex/{ex:completed}/_stop',
    send: { text: '{]', type },
    expect: { status: 200, values: { status: 'completed' } },
  })),
  {
    row: '1.1 a list that is no update',
    request: 'PUT /v1/jobs/{job:never}',
    send: { json: [] },
    expect: { status: 400, message: 'no data was provided to update job {job:never}' },
  },
  {
    row: '1.1 a list',
    request: 'PUT /v1/jobs/{job:never}',
    send: { json: [1] },
    expect: { status: 500, message: /^Validation failed for job config: undefined - / },
    temposlice: { status: 400, message: /^Validation failed for job config: undefined - / },
  },
  {
    row: '1.1 plain text',
    request: 'POST /v1/jobs',
    send: { text: '{}', type: 'text/plain' },
    expect: BROKEN,
    temposlice: NO_JOB,
  },
  {
    row: '1.1 malformed JSON on any path',
    request: 'POST /v1/nothing',
    send: { text: '{]', type: 'application/x-www-form-urlencoded' },
    expect: MALFORMED,
  },
];

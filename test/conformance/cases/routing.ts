import type { Case } from '../case.js';
import { listOf, job, root } from '../shapes.js';

/** A server that has not been reached, in Teraslice's words: a handler has thrown. */
const BROKEN = { status: 500, text: /^\{"error":"api is not available"\}$/ };
const NO_JOB = { status: 400, message: 'No job was posted' };
const MALFORMED = { status: 400, message: 'the json submitted is malformed' };

const refused = (request: string): Case => ({
  row: '1 unknown path',
  request,
  expect: { status: 405, message: `cannot ${request.replace(' ', ' endpoint ')}` },
  temposlice: { status: 404, message: `cannot ${request.replace(' ', ' endpoint ')}` },
});
const wrongMethod = (request: string, allow: RegExp): Case => ({
  row: '1 wrong method',
  request,
  expect: { status: 405, message: `cannot ${request.replace(' ', ' endpoint ')}` },
  temposlice: {
    status: 405,
    message: `cannot ${request.replace(' ', ' endpoint ')}`,
    headers: { allow },
  },
});

export const ROUTING: Case[] = [
  {
    row: '8 root',
    request: 'GET /v1',
    expect: {
      status: 200,
      body: root,
      headers: { 'content-type': /^application\/json; charset=utf-8$/, etag: /^W\/"/ },
      text: /^\{\n {4}"\w+": /,
    },
  },
  { row: '8 root without a prefix', request: 'GET /', expect: { status: 200, body: root } },
  { row: '1 trailing slash', request: 'GET /v1/', expect: { status: 200, body: root } },
  {
    row: '1 without a prefix',
    request: 'GET /jobs?size=1',
    expect: { status: 200, body: listOf(job) },
  },
  { row: '1 letter case', request: 'GET /V1/JOBS?size=1', expect: { status: 200, body: listOf(job) } },
  { row: '1 HEAD', request: 'HEAD /v1/jobs', expect: { status: 200, text: /^$/ } },
  {
    row: '1 OPTIONS',
    request: 'OPTIONS /v1/jobs',
    expect: { status: 200, headers: { allow: /GET.*POST/ }, text: /GET.*POST/ },
  },
  {
    row: '1 If-None-Match',
    request: 'GET /v1',
    // Without it, fetch asks for an answer that no cache knows.
    headers: { 'if-none-match': '*', 'cache-control': 'max-age=0' },
    expect: { status: 304, text: /^$/ },
  },
  refused('GET /v1/nothing?a=b'),
  refused('GET /v1/v1/jobs'),
  refused('GET /v1/txt/jobs'),
  refused('POST /v1/ex/{unknown}/_start'),
  refused('POST /v1/ex/{unknown}/_settings'),
  wrongMethod('DELETE /v1/jobs', /^GET, POST/),
  wrongMethod('PUT /v1/ex/{unknown}', /^GET/),
  wrongMethod('DELETE /v1/ex/{unknown}', /^GET/),
  wrongMethod('GET /v1/jobs/{unknown}/_start', /^POST$/),

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
  {
    row: '1.1 malformed JSON',
    request: 'POST /v1/jobs',
    send: { text: '{"name": "cut of', type: 'application/json' },
    expect: MALFORMED,
  },
  {
    row: '1.1 a text as JSON',
    request: 'POST /v1/jobs',
    send: { text: '"text"', type: 'application/json' },
    expect: MALFORMED,
  },
  {
    row: '1.1 malformed JSON on any path',
    request: 'POST /v1/nothing',
    send: { text: '{]', type: 'application/x-www-form-urlencoded' },
    expect: MALFORMED,
  },
];

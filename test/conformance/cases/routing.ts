import type { ZodType } from 'zod';
import type { Case } from '../case.js';
import { asset, clusterState, execution, job, listOf, noneOf, root } from '../shapes.js';

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

/** A path below `/assets` that Teraslice's service for assets does not know. */
const unknownToAssets = (request: string, status: number): Case => ({
  row: '1 path below /assets',
  request,
  expect: { status: 404, headers: { 'content-type': /^text\/html/ } },
  temposlice: { status, message: `cannot ${request.replace(' ', ' endpoint ')}` },
});
const methods = (path: string, allow: string): Case => ({
  row: '1 OPTIONS',
  request: `OPTIONS ${path}`,
  expect: {
    status: 200,
    headers: { allow: new RegExp(`^${allow}$`), 'content-type': /^text\/plain$/ },
    text: new RegExp(`^${allow}$`),
  },
});
/** A path that only Temposlice has. */
const ours = (path: string): Case => ({
  row: '1 path of its own',
  request: `GET ${path}`,
  expect: { status: 405, message: `cannot GET endpoint ${path}` },
  temposlice: { status: 200 },
});
const unprefixed = (path: string, body: ZodType): Case => ({
  row: '1 without a prefix',
  request: `GET ${path}`,
  expect: { status: 200, body },
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
    row: '1 who answers',
    request: 'GET /v1',
    expect: { status: 200, headers: { 'x-powered-by': /^Express$/ } },
    temposlice: { status: 200, headers: { 'x-powered-by': /^$/, 'x-content-type-options': /^nosniff$/ } },
  },
  unprefixed('/jobs?size=1', listOf(job)),
  unprefixed('/jobs/?size=1', listOf(job)),
  unprefixed('/ex?size=1&filter=job_id:{job:completed}', listOf(execution)),
  unprefixed('/cluster/state', clusterState),
  unprefixed('/assets?size=1', listOf(asset)),
  { row: '1 letter case', request: 'GET /V1/JOBS?size=1', expect: { status: 200, body: listOf(job) } },
  {
    row: '1 letter case and trailing slash',
    request: 'GET /V1/Jobs/{job:completed}/EX/',
    expect: { status: 200, body: execution },
  },
  {
    row: '1 letter case where job and execution have the same path',
    request: 'GET /v1/JOBS/{job:completed}/errors',
    expect: { status: 405, message: 'Only /ex and /jobs are allowed' },
    temposlice: { status: 200, body: noneOf },
  },
  { row: '1 HEAD', request: 'HEAD /v1/jobs', expect: { status: 200, text: /^$/ } },
  { row: '1 HEAD', request: 'HEAD /v1/jobs/{unknown}', expect: { status: 404, text: /^$/ } },
  { row: '1 HEAD', request: 'HEAD /txt/jobs', expect: { status: 200, text: /^$/ } },
  methods('/v1/jobs', 'GET, HEAD, POST'),
  methods('/jobs/{unknown}', 'DELETE, GET, HEAD, PUT'),
  methods('/v1/ex/{unknown}/_stop', 'POST'),
  methods('/v1/cluster/state/', 'GET, HEAD'),
  {
    row: '1 OPTIONS of a table',
    request: 'OPTIONS /txt/jobs',
    expect: { status: 405, message: 'cannot OPTIONS endpoint /txt/jobs' },
    temposlice: { status: 200, headers: { allow: /^GET, HEAD$/ } },
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
  refused('OPTIONS /v1/nothing'),
  refused('POST /v1/cluster'),
  refused('GET /v1/jobs/{unknown}/_start/again'),
  ours('/healthz'),
  ours('/metrics'),
  ours('/v1/openapi.json'),
  {
    row: '1 path that cannot be decoded',
    request: 'GET /v1/jobs/%E0%A4%A',
    expect: { status: 500, text: /^\{"error":"api is not available"\}$/ },
    temposlice: { status: 400, message: "Failed to decode param '%E0%A4%A'" },
  },
  {
    row: '1 encoded path',
    request: 'GET /v1/%6A%6Fbs/{job:never}',
    expect: { status: 405, message: 'cannot GET endpoint /v1/%6A%6Fbs/{job:never}' },
    temposlice: { status: 404, message: 'cannot GET endpoint /v1/%6A%6Fbs/{job:never}' },
  },
  refused('POST /v1/ex/{unknown}/_start'),
  refused('POST /v1/ex/{unknown}/_settings'),
  wrongMethod('DELETE /v1/jobs', /^GET, HEAD, POST$/),
  wrongMethod('PATCH /v1/jobs?a=b', /^GET, HEAD, POST$/),
  wrongMethod('POST /v1/cluster/state', /^GET/),
  wrongMethod('PUT /v1/assets', /^GET, HEAD, POST$/),
  wrongMethod('DELETE /txt/jobs', /^GET/),
  wrongMethod('PUT /v1/ex/{unknown}', /^GET/),
  wrongMethod('DELETE /v1/ex/{unknown}', /^GET/),
  wrongMethod('GET /v1/jobs/{unknown}/_start', /^POST$/),
  unknownToAssets('DELETE /v1/assets', 405),
  unknownToAssets('POST /v1/assets/posted', 405),
  unknownToAssets('GET /v1/assets/a/1.0.0/b', 404),
  unknownToAssets('GET /v1/assetsx', 404),

  {
    row: '1.2 an error',
    request: 'GET /v1/jobs/{job:never}/ex',
    expect: {
      status: 404,
      headers: { 'content-type': /^application\/json; charset=utf-8$/ },
      text: /^\{\n {4}"error": 404,\n {4}"message": "[^"]+"\n\}$/,
    },
  },
];

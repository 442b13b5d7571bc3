import { z } from 'zod';
import type { Case } from '../case.js';
import { endedExecution, job, registered } from '../shapes.js';
import { ONCE } from '../world.js';

const [READER] = ONCE.operations;
const CODED = 'coded-{run}';
/** Asks for the asset of a situation, which is made only when its id is wanted. */
const made = (situation: string): Case => ({
  row: 'J5 is listed',
  request: `GET /v1/assets?size=1000&of={asset:${situation}}`,
  expect: { status: 200 },
});
const jobOf = (operation: object, more: object = {}) => ({
  json: {
    ...ONCE,
    name: 'conformance-{run}-assets',
    assets: [CODED],
    operations: [READER, operation],
    ...more,
  },
});
const taken = (row: string, operation: object, more: object = {}): Case => ({
  row: `J5 ${row}`,
  request: 'POST /v1/jobs?start=false',
  send: jobOf(operation, more),
  expect: { status: 200, body: registered },
});
const refused = (row: string, message: RegExp, operation: object, more: object = {}): Case => ({
  row: `J5 ${row}`,
  request: 'POST /v1/jobs?start=false',
  send: jobOf(operation, more),
  expect: { status: 500, message },
  temposlice: { status: 400, message },
});
const API = 'conformance_api';

const NAMES: Case[] = [
  made('coded'),
  taken('operation of an asset', { _op: 'conformance_op' }),
  taken('operation@asset', { _op: `conformance_op@${CODED}` }),
  taken('API of an asset', { _op: 'conformance_op', _api_name: API }, { apis: [{ _name: API }] }),
  taken(
    'API with a tag',
    { _op: 'conformance_op', _api_name: `${API}:one` },
    { apis: [{ _name: `${API}:one` }, { _name: `${API}:two` }] },
  ),
  taken(
    'API@asset',
    { _op: 'conformance_op', _api_name: `${API}@${CODED}` },
    { apis: [{ _name: `${API}@${CODED}` }] },
  ),
  taken('an asset twice', { _op: 'conformance_op' }, { assets: [CODED, CODED] }),
  taken('an asset by its id', { _op: 'conformance_op' }, { assets: ['{asset:coded}'] }),
  ...['latest', '*', '1.0.0', 'v1.0.0', '^1', '~1.0', '1.*'].map((version) =>
    taken(`version ${version}`, { _op: 'conformance_op' }, { assets: [`${CODED}:${version}`] }),
  ),
  refused(
    'no such version',
    /No assets? found for "coded-\w+:\^2"/,
    { _op: 'conformance_op' },
    {
      assets: [`${CODED}:^2`],
    },
  ),
  refused(
    'operation@asset that the job does not name',
    /^Invalid operation name for _op: conformance_op, could not find the hashID for asset identifier other/,
    { _op: 'conformance_op@other' },
  ),
  refused(
    'API@asset that the job does not name',
    /^Invalid api name for _name: conformance_api, could not find the hashID for asset identifier other/,
    { _op: 'conformance_op' },
    { apis: [{ _name: `${API}@other` }] },
  ),
  refused(
    'an API of an operation@asset that the job does not name',
    /^Invalid operation _api_name for _op: conformance_api, could not find the hashID for asset identifier other/,
    { _op: 'conformance_op', _api_name: `${API}@other` },
  ),
  made('coded#other'),
  refused(
    'operation of two assets',
    /Multiple assets containing the same processor name _op: "conformance_op"/,
    { _op: 'conformance_op' },
    { assets: [CODED, 'coded-other-{run}'] },
  ),
  made('foreign'),
  refused(
    'an asset for another platform',
    /No asset found for "foreign-\w+", due to a potential platform mismatch/,
    { _op: 'noop' },
    { assets: ['foreign-{run}'] },
  ),
  {
    row: 'J1 a deprecated option',
    request: 'POST /v1/jobs?start=false',
    send: jobOf({ _op: 'conformance_op', old: 1 }),
    expect: {
      status: 200,
      body: registered.extend({ warnings: z.array(z.unknown()).length(1) }),
      values: {
        'warnings.0': {
          type: 'JobValidation',
          reason: {
            type: 'assetOperation',
            kind: 'deprecation',
            reason: { _op: 'conformance_op', field: 'old', description: 'of no use any more' },
          },
        },
      },
    },
  },
];

const NO_ASSET = /No assets? found for "pinned-/;

/** A job whose asset goes away. */
const PINNED: Case[] = [
  {
    row: 'J5 the execution has ids',
    request: 'GET /v1/ex/{ex:pinned}',
    expect: { status: 200, body: endedExecution, values: { assets: ['{asset:pinned}'] } },
  },
  {
    row: 'J5 the job has names',
    request: 'GET /v1/jobs/{job:pinned}',
    expect: { status: 200, body: job, values: { assets: ['pinned-{run}'] } },
  },
  {
    row: '9 delete what a job uses',
    request: 'DELETE /v1/assets/{asset:pinned}',
    expect: { status: 200, values: { asset_id: '{asset:pinned}' } },
  },
  ...[
    ['5.1', '_start'],
    ['4.7', '_active'],
  ].map(([section, verb]): Case => ({
    row: `${section} no asset any more`,
    request: `POST /v1/jobs/{job:pinned}/${verb}`,
    expect: { status: 500, message: NO_ASSET },
    temposlice: { status: 400, message: NO_ASSET },
  })),
  {
    row: '4.7 _inactive is not validated',
    request: 'POST /v1/jobs/{job:pinned}/_inactive',
    expect: { status: 200, body: job, values: { active: false } },
  },
];

export const JOB_ASSETS: Case[] = [...NAMES, ...PINNED];

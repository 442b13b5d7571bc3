import type { Case } from '../case.js';
import { makeZip, assetJson } from '../../support/zips.js';
import { asset, exactly, listOf, noneOf, uploaded } from '../shapes.js';
import { bundle } from '../world.js';

/** Name of the asset of the situation `uploaded`. */
const UPLOADED = 'uploaded-{run}';
const refused = (
  row: string,
  bytes: (run: string) => Promise<Buffer>,
  status: number,
  message: string | RegExp,
): Case => ({
  row: `9 ${row}`,
  request: 'POST /v1/assets?blocking=true',
  send: { bytes },
  expect: { status, message },
});
const ours = (one: Case, status: number, message: string | RegExp): Case => ({
  ...one,
  temposlice: { status, message },
});
const SYSTEM = { node_version: '18.1.0', platform: 'linux', arch: 'x64' };
const notZip = 'Failed to save asset. File type not recognized as zip.';

export const ASSETS: Case[] = [
  {
    row: '9 upload',
    request: 'POST /v1/assets?blocking=true',
    send: { bytes: (run) => bundle(`posted-${run}`) },
    expect: { status: 201, body: uploaded },
  },
  {
    row: '9 the same bytes again',
    request: 'POST /v1/assets?blocking=true',
    send: { bytes: (run) => bundle(`posted-${run}`) },
    expect: { status: 200, body: uploaded },
  },
  {
    row: '9 not blocking',
    request: 'POST /v1/assets',
    send: { bytes: (run) => bundle(`posted-${run}`, '1.1.0') },
    expect: { status: 201, body: uploaded },
  },
  refused(
    'other bytes of the same version',
    (run) => bundle(`posted-${run}`, '1.0.0', { description: 'another' }),
    409,
    'Asset name:"posted-{run}" AND version:"1.0.0" already exists, please increment the version and send again',
  ),
  refused(
    'no asset.json',
    () => makeZip({ 'index.js': '' }),
    422,
    'asset.json was not found in root directory of asset bundle',
  ),
  refused(
    'asset.json in a folder',
    () => makeZip({ 'bundle/asset.json': assetJson('x', '1.0.0') }),
    422,
    'asset.json was not found in root directory of asset bundle',
  ),
  refused(
    'malformed asset.json',
    () => makeZip({ 'asset.json': '{"name": ' }),
    422,
    "Failure parsing asset.json, please ensure that's it formatted correctly",
  ),
  ours(
    refused('no name', () => makeZip({ 'asset.json': '{"version": "1.0.0"}' }), 500, 'Missing name'),
    422,
    'Missing name',
  ),
  ours(
    refused('wrong version', (run) => bundle(`wrong-${run}`, 'one'), 500, 'Invalid version "null"'),
    422,
    'Invalid version "one"',
  ),
  ours(
    refused(
      'for a later Teraslice',
      (run) => bundle(`later-${run}`, '1.0.0', { minimum_teraslice_version: '99.0.0' }),
      500,
      'Asset requires teraslice version 99.0.0 or greater.',
    ),
    422,
    'Asset requires teraslice version 99.0.0 or greater.',
  ),
  ours(
    refused('no zip file', async () => Buffer.from('no zip file at all'), 500, notZip),
    400,
    notZip,
  ),
  {
    row: '9 no zip file, without waiting',
    request: 'POST /v1/assets',
    send: { text: 'no zip file at all' },
    expect: { status: 500, message: notZip },
    temposlice: { status: 400, message: notZip },
  },
  {
    row: '9 no bytes',
    request: 'POST /v1/assets',
    expect: { status: 500, message: notZip },
    temposlice: { status: 400, message: notZip },
  },
  {
    row: '9 not blocking hides what is wrong',
    request: 'POST /v1/assets',
    send: { bytes: (run) => bundle(`wrong-${run}`, 'two') },
    expect: { status: 201, body: uploaded },
    temposlice: { status: 422, message: 'Invalid version "two"' },
  },
  {
    row: '9 what it runs on',
    request: 'POST /v1/assets?blocking=true',
    send: { bytes: (run) => bundle(`system-${run}`, '1.0.0', SYSTEM) },
    expect: { status: 201, body: uploaded },
  },
  {
    row: '9 what it runs on: the major version of Node',
    request: 'GET /v1/assets/system-{run}',
    expect: {
      status: 200,
      body: exactly(1, asset),
      values: { '0.node_version': 18, '0.platform': 'linux', '0.arch': 'x64' },
    },
  },
  refused(
    'other bytes of the same version for the same system',
    (run) => bundle(`system-${run}`, '1.0.0', { ...SYSTEM, description: 'another' }),
    409,
    'Asset arch:"x64" AND name:"system-{run}" AND node_version:"18" AND platform:"linux" AND version:"1.0.0" ' +
      'already exists, please increment the version and send again',
  ),
  {
    row: '9 the same version for any system is another',
    request: 'POST /v1/assets?blocking=true',
    send: {
      bytes: (run) => bundle(`any-${run}`, 'v1.0.0', { node_version: '', platform: false, arch: null }),
    },
    expect: { status: 201, body: uploaded },
  },
  {
    row: '9 what is any is left out, and a version is cleaned',
    request: 'GET /v1/assets/any-{run}',
    expect: {
      status: 200,
      body: exactly(1, asset.omit({ node_version: true, platform: true, arch: true })),
      values: { '0.version': '1.0.0' },
    },
  },
  {
    row: '9 as a form',
    request: 'POST /v1/assets',
    send: { bytes: (run) => bundle(`posted-${run}`), type: 'application/x-www-form-urlencoded' },
    expect: { status: 400, message: 'the json submitted is malformed' },
    temposlice: { status: 200, body: uploaded },
  },
  {
    row: '9 JSON with a charset',
    request: 'POST /v1/assets',
    send: { json: { a: 1 }, type: 'application/json; charset=utf-8' },
    expect: { status: 500, message: notZip },
    temposlice: { status: 400, message: '/asset endpoints do not accept json' },
  },
  {
    row: '9 JSON',
    request: 'POST /v1/assets',
    send: { json: { a: 1 } },
    expect: { status: 400, message: '/asset endpoints do not accept json' },
  },

  {
    row: '9 no JSON, though it is said to be',
    request: 'POST /v1/assets',
    send: { bytes: (run) => bundle(`posted-${run}`), type: 'application/json' },
    expect: { status: 400, message: 'the json submitted is malformed' },
    temposlice: { status: 400, message: '/asset endpoints do not accept json' },
  },
  {
    row: '9 the same version for any system, where there is one for a certain system',
    request: 'POST /v1/assets?blocking=true',
    send: { bytes: (run) => bundle(`system-${run}`) },
    expect: {
      status: 409,
      message:
        'Asset name:"system-{run}" AND version:"1.0.0" already exists, please increment the version and send again',
    },
  },

  { row: '9 list', request: 'GET /v1/assets', expect: { status: 200, body: listOf(asset).min(1) } },
  {
    row: '9 by name',
    request: `GET /v1/assets/posted-{run}`,
    expect: {
      status: 200,
      body: exactly(2, asset),
      values: { '0.version': '1.1.0', '1.version': '1.0.0', '0.description': 'conformance' },
    },
  },
  {
    row: '9 by name and version',
    request: 'GET /v1/assets/posted-{run}/1.0.0',
    expect: { status: 200, body: exactly(1, asset), values: { '0.name': 'posted-{run}' } },
  },
  {
    row: '9 sorted and paged',
    request: 'GET /v1/assets/posted-{run}?sort=_created:asc&size=1',
    expect: { status: 200, body: exactly(1, asset), values: { '0.version': '1.0.0' } },
  },
  {
    row: '9 id',
    request: `GET /v1/assets/${UPLOADED}`,
    expect: { status: 200, values: { '0.id': '{asset:uploaded}' } },
  },
  {
    row: '9 unknown name',
    request: 'GET /v1/assets/no-such-asset-{run}',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '9 unknown version',
    request: 'GET /v1/assets/posted-{run}/9.9.9',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '9 latest is no version',
    request: 'GET /v1/assets/posted-{run}/latest',
    expect: { status: 200, body: noneOf },
    temposlice: { status: 200, body: exactly(2, asset) },
  },
  {
    row: '9 no wildcards',
    request: 'GET /v1/assets/posted*',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '9 sorted by name',
    request: 'GET /v1/assets?sort=name:asc&size=1',
    expect: { status: 200, body: exactly(1, asset) },
  },
  {
    row: '9 delete what is not there',
    request: `DELETE /v1/assets/${'0'.repeat(40)}`,
    expect: { status: 404, message: `Unable to find asset ${'0'.repeat(40)}` },
  },
  {
    row: '9 delete',
    request: 'DELETE /v1/assets/{asset:uploaded#delete}',
    expect: { status: 200, body: uploaded, values: { asset_id: '{asset:uploaded#delete}' } },
  },
  {
    row: '9 deleted already',
    request: 'DELETE /v1/assets/{asset:uploaded#delete}',
    expect: { status: 404, message: 'Unable to find asset {asset:uploaded#delete}' },
  },
  {
    row: '9 delete by a wrong id',
    request: 'DELETE /v1/assets/short',
    expect: {
      status: 400,
      text: /^\s*\{\s*"error":\s*"asset short is not formatted correctly, please provide the full asset_id"\s*\}/,
    },
  },
];

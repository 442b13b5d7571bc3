import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { jest } from '@jest/globals';
import { assetIdOf, assetJson, makeZip, type ZipEntries } from '../support/zips.js';
import { until } from '../support/until.js';
import { job, MAX_ASSET_BYTES, TestApi, type Answer } from './support/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());

const OTHER_PLATFORM = process.platform === 'win32' ? 'linux' : 'win32';
const bundle = (name: string, version: string, more: object = {}, files: ZipEntries = {}): Promise<Buffer> =>
  makeZip({ 'asset.json': assetJson(name, version, more), 'index.js': 'export default {}', ...files });
const upload = (zip: Buffer | string, type?: string, query = ''): Promise<Answer> =>
  api.post(`/v1/assets${query}`, {
    body: typeof zip === 'string' ? Buffer.from(zip) : zip,
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
  });

/** What uploads leave on disk and in the store, beside the assets themselves. */
const temporary = (): string[] => readdirSync(api.assetsDirectory).filter((name) => name.startsWith('.'));

describe('an upload', () => {
  it('is stored once, under the id that Teraslice gives it', async () => {
    const zip = await bundle('once', 'v1.2.3', { description: 'text', node_version: '18.1.0', other: 1 });
    const first = await upload(zip);
    expect([first.status, first.body]).toEqual([201, { asset_id: assetIdOf(zip) }]);
    const second = await api.post('/assets?blocking=true', { body: zip });
    expect([second.status, second.body]).toEqual([200, { asset_id: assetIdOf(zip) }]);
    expect((await api.get('/v1/assets/once')).body).toEqual([
      {
        _created: expect.stringMatching(/^\d{4}-.*Z$/),
        name: 'once',
        version: '1.2.3',
        description: 'text',
        node_version: 18,
        id: assetIdOf(zip),
      },
    ]);
    expect(temporary()).toEqual([]);
  });

  it('is stored although it cannot be unpacked in its place', async () => {
    const { folders } = api.dependencies.assets;
    const { install } = folders;
    folders.install = () => Promise.reject(new Error('no space left on device'));
    const zip = await bundle('homeless', '1.0.0');
    expect((await upload(zip)).status).toBe(201);
    folders.install = install;
    expect((await upload(zip)).status).toBe(200);
    await folders.ensure([assetIdOf(zip)]);
    expect(readdirSync(api.assetsDirectory)).toContain(assetIdOf(zip));
  });

  it.each(['application/octet-stream', 'application/zip', 'application/x-www-form-urlencoded', 'text/plain'])(
    'may say that it is %s',
    async (type) => {
      const zip = await bundle(`typed-${type.replace('/', '-')}`, '1.0.0');
      expect((await upload(zip, type)).status).toBe(201);
    },
  );

  it.each(['application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded'])(
    'is no JSON, sent as %s',
    async (type) => {
      const { status, body } = await upload('{}', type);
      expect([status, body]).toEqual([400, { error: 400, message: '/asset endpoints do not accept json' }]);
    },
  );

  it.each<[string, Buffer | string]>([
    ['text', 'no zip at all'],
    ['nothing', ''],
    ['less than a signature', 'PK'],
    ['an archive of another kind', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0])],
  ])('is no zip file: %s', async (_what, body) => {
    const answer = await upload(body);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toBe('Failed to save asset. File type not recognized as zip.');
  });

  it.each<[string, ZipEntries, RegExp]>([
    ['no asset.json', { 'index.js': '' }, /^asset.json was not found in root directory of asset bundle$/],
    [
      'one in a folder only',
      { 'a/asset.json': assetJson('a', '1.0.0') },
      /^asset.json was not found in root/,
    ],
    ['none that is an object', { 'asset.json': 'null' }, /^Missing name$/],
    ['a broken one', { 'asset.json': '{' }, /^Failure parsing asset.json, please ensure that's it formatted/],
    ['a list for one', { 'asset.json': '[]' }, /^Missing name$/],
    ['no name', { 'asset.json': '{"version":"1.0.0"}' }, /^Missing name$/],
    ['no version', { 'asset.json': '{"name":"a"}' }, /^Invalid version "undefined"$/],
    ['no semantic version', { 'asset.json': assetJson('a', '1.x') }, /^Invalid version "1.x"$/],
    [
      'an odd node_version',
      { 'asset.json': assetJson('a', '1.0.0', { node_version: 'new' }) },
      /node_version/,
    ],
    [
      'an object for a version',
      { 'asset.json': '{"name":"a","version":{"toString":1}}' },
      /^Invalid version "\[object Object\]"$/,
    ],
    [
      'an object for a node_version',
      { 'asset.json': assetJson('a', '1.0.0', { node_version: { toString: 1 } }) },
      /^Invalid node_version/,
    ],
    [
      'an object for a server version',
      { 'asset.json': assetJson('a', '1.0.0', { minimum_teraslice_version: { toString: 1 } }) },
      /^Invalid minimum_teraslice_version/,
    ],
    [
      'lists in lists for a platform',
      {
        'asset.json': `{"name":"a","version":"1.0.0","platform":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      },
      /^Invalid platform \[object Array\]$/,
    ],
    ['an odd platform', { 'asset.json': assetJson('a', '1.0.0', { platform: 1 }) }, /^Invalid platform 1$/],
    [
      'a wish for a newer server',
      { 'asset.json': assetJson('a', '1.0.0', { minimum_teraslice_version: '99.0.0' }) },
      /^Asset requires teraslice version 99.0.0 or greater.$/,
    ],
    [
      'a link',
      { 'asset.json': assetJson('a', '1.0.0'), l: { content: '/', mode: 0o120777 } },
      /l is neither/,
    ],
    [
      'a bomb',
      { 'asset.json': assetJson('a', '1.0.0'), z: Buffer.alloc(21_000_000) },
      /unpacks to more than/,
    ],
  ])('with %s is refused', async (_what, entries, message) => {
    const zip = await makeZip(entries);
    const { status, body } = await upload(zip);
    expect(status).toBe(422);
    expect(body.message).toMatch(message);
    expect(temporary()).toEqual([]);
    expect(readdirSync(api.assetsDirectory)).not.toContain(assetIdOf(zip));
  });

  it('must not repeat a version with other content', async () => {
    await upload(await bundle('twice', '1.0.0'));
    const { status, body } = await upload(await bundle('twice', '1.0.0', {}, { more: 'content' }));
    expect(status).toBe(409);
    expect(body.message).toBe(
      'Asset name:"twice" AND version:"1.0.0" already exists, please increment the version and send again',
    );
    expect((await api.get('/assets/twice')).body).toHaveLength(1);
    expect(temporary()).toEqual([]);
  });

  it('that comes several times at once is one asset', async () => {
    const zip = await bundle('together', '1.0.0');
    const answers = await Promise.all([upload(zip), upload(zip), upload(zip)]);
    expect(answers.every(({ status }) => status === 200 || status === 201)).toBe(true);
    expect((await api.get('/assets/together')).body).toHaveLength(1);
    expect(temporary()).toEqual([]);
  });

  it('waits for its turn to be unpacked', async () => {
    const { assets } = api.store;
    const stage = assets.stage.bind(assets);
    let together = 0;
    let most = 0;
    const staging = jest.spyOn(assets, 'stage').mockImplementation(async (bytes) => {
      most = Math.max(most, ++together);
      await new Promise(setImmediate);
      return stage(bytes).finally(() => together--);
    });
    const zips = await Promise.all([1, 2, 3, 4, 5, 6].map((minor) => bundle('in-line', `1.${minor}.0`)));
    const answers = await Promise.all(zips.map((zip) => upload(zip)));
    staging.mockRestore();
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(201));
    expect(most).toBe(2);
  });

  it('that is too large is refused, whether it says so or not', async () => {
    const zip = await bundle('large', '1.0.0', {}, { bytes: randomBytes(MAX_ASSET_BYTES) });
    for (const headers of [undefined, { 'transfer-encoding': 'chunked' }]) {
      const answer = await new Promise<Answer['body']>((resolve, reject) => {
        const request = httpRequest(
          {
            method: 'POST',
            port: api.port,
            path: '/assets',
            headers: headers ?? { 'content-length': zip.length },
          },
          (response) => {
            let text = '';
            response.on('data', (chunk) => (text += chunk));
            response.on('end', () => resolve(JSON.parse(text)));
          },
        );
        request.on('error', reject);
        request.end(zip);
      });
      expect(answer).toEqual({
        error: 413,
        message: `the request body is larger than the limit of ${MAX_ASSET_BYTES} bytes`,
      });
    }
    expect(temporary()).toEqual([]);
    expect((await api.get('/assets/large')).body).toEqual([]);
  });

  it('that is cut short leaves nothing', async () => {
    const request = httpRequest({ method: 'POST', port: api.port, path: '/assets' });
    request.on('error', () => undefined);
    request.write((await bundle('short', '1.0.0')).subarray(0, 100));
    await until(() => temporary().length === 1);
    request.destroy();
    await until(() => temporary().length === 0);
  });
});

describe('lists', () => {
  beforeAll(async () => {
    for (const version of ['1.0.0', '1.1.0', '2.0.0-rc.1']) await upload(await bundle('listed', version));
  });
  const versions = async (path: string): Promise<string[]> =>
    (await api.get(path)).body.map(({ version }: { version: string }) => version);

  it.each([
    ['/v1/assets/listed', ['2.0.0-rc.1', '1.1.0', '1.0.0']],
    ['/assets/listed/', ['2.0.0-rc.1', '1.1.0', '1.0.0']],
    ['/assets/listed?sort=version:asc&size=2', ['1.0.0', '1.1.0']],
    ['/assets/listed?size=1&from=1&filter=ignored', ['1.1.0']],
    ['/assets/listed/1.1.0', ['1.1.0']],
    ['/assets/listed/%5E1', ['1.1.0', '1.0.0']],
    ['/assets/listed/latest?size=1', ['2.0.0-rc.1']],
    ['/assets/listed/3.0.0', []],
    ['/assets/listed/none', []],
    ['/assets/unknown', []],
  ])('%s', async (path, expected) => expect(await versions(path)).toEqual(expected));

  it('say what they cannot do', async () => {
    expect((await api.get('/assets?sort=blob:asc')).status).toBe(400);
    expect((await api.get('/assets?size=many')).status).toBe(400);
    const { status, headers } = await api.call('PUT', '/assets');
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD, POST']);
  });
});

describe('a deletion', () => {
  it('takes an asset out of sight, once', async () => {
    const zip = await bundle('deleted', '1.0.0');
    const id = (await upload(zip)).body.asset_id;
    const { status, body } = await api.call('DELETE', `/v1/assets/${id}`);
    expect([status, body]).toEqual([200, { asset_id: id }]);
    expect((await api.get('/assets/deleted')).body).toEqual([]);
    const again = await api.call('DELETE', `/assets/${id}`);
    expect([again.status, again.body]).toEqual([404, { error: 404, message: `Unable to find asset ${id}` }]);
    expect((await upload(zip)).status).toBe(201);
    expect((await api.get('/assets/deleted')).body).toHaveLength(1);
  });

  it('wants a full id', async () => {
    const { status, body } = await api.call('DELETE', '/assets/deleted');
    expect([status, body]).toEqual([
      400,
      { error: 'asset deleted is not formatted correctly, please provide the full asset_id' },
    ]);
  });
});

describe('a job', () => {
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    for (const version of ['1.0.0', '1.5.0', '2.0.0']) {
      ids[version] = (await upload(await bundle('used', version))).body.asset_id;
    }
    await upload(await bundle('foreign', '1.0.0', { platform: OTHER_PLATFORM, arch: 'pdp11' }));
  });
  const submit = (assets: unknown, changes = {}): Promise<Answer> =>
    api.post('/v1/jobs', { body: job({ assets, ...changes }) });

  it.each([
    [['used'], ['2.0.0']],
    [['used:latest'], ['2.0.0']],
    [['used:*'], ['2.0.0']],
    [['used:^1'], ['1.5.0']],
    [['used:v1.0.0'], ['1.0.0']],
    [
      ['used:1.0.0', 'used:2.*'],
      ['1.0.0', '2.0.0'],
    ],
    [['used', 'used', 'used:2.0.0'], ['2.0.0']],
  ])('with %j is stored as it is, and its execution has ids', async (assets, expected) => {
    const { body } = await submit(assets);
    expect((await api.get(`/v1/jobs/${body.job_id}`)).body.assets).toEqual(assets);
    const execution = (await api.get(`/v1/ex/${body.ex_id}`)).body;
    expect(execution.assets).toEqual(expected.map((version) => ids[version]));
  });

  it('keeps its ids when a newer version comes, until it is started anew', async () => {
    await upload(await bundle('growing', '1.0.0'));
    const { job_id, ex_id } = (await submit(['growing'])).body;
    await api.engine.idle();
    const before = (await api.get(`/v1/ex/${ex_id}`)).body.assets;
    const newer = (await upload(await bundle('growing', '1.0.1'))).body.asset_id;
    expect((await api.get(`/v1/ex/${ex_id}`)).body.assets).toEqual(before);
    await api.engine.end(ex_id, 'completed');
    const started = (await api.post(`/v1/jobs/${job_id}/_start`)).body;
    expect((await api.get(`/v1/ex/${started.ex_id}`)).body.assets).toEqual([newer]);
  });

  it.each([
    [['nothing'], 'Failure to get assets, caused by No assets found for "nothing"'],
    [['used:>2'], 'Failure to get assets, caused by No assets found for "used:>2"'],
    [['used:x.y'], 'Failure to get assets, caused by Version "x.y" is not a valid semver range'],
    [['f'.repeat(40)], `Failure to get assets, caused by No assets found for "${'f'.repeat(40)}"`],
    [
      ['foreign'],
      'Failure to get assets, caused by No asset found for "foreign", due to a potential platform or arch mismatch',
    ],
  ])('with %j is refused', async (assets, message) => {
    const { status, body } = await submit(assets);
    expect([status, body.message]).toEqual([400, message]);
  });

  it('costs no more than a few looks into the store, whatever it names', async () => {
    const looks = jest.spyOn(api.store.assets, 'named');
    const named = (count: number): string[] => Array.from({ length: count }, (_, n) => `none-${n}`);
    const many = await submit(named(20_000));
    expect([many.status, many.body.message]).toEqual([
      400,
      'Failure to get assets, caused by the job names more than 100 assets',
    ]);
    expect((await submit([`used:${'1 || '.repeat(1_000)}1`])).status).toBe(400);
    expect(looks).not.toHaveBeenCalled();
    const missing = await submit(named(100));
    expect(missing.body.message).toBe('Failure to get assets, caused by No assets found for "none-0"');
    expect(looks).toHaveBeenCalledTimes(1);
    looks.mockRestore();
  });

  it('may not name an asset that it does not list', async () => {
    const operations = [{ _op: 'data_generator' }, { _op: 'noop@other' }];
    const { status, body } = await submit(['used'], { operations });
    expect(status).toBe(400);
    expect(body.message).toBe(
      'Invalid operation name for _op: noop, could not find the hashID for asset identifier other',
    );
  });

  it('whose assets were deleted cannot be started or recovered', async () => {
    const id = (await upload(await bundle('leaving', '1.0.0'))).body.asset_id;
    const { job_id, ex_id } = (await submit(['leaving'])).body;
    await api.engine.idle();
    await api.engine.end(ex_id, 'failed');
    await api.call('DELETE', `/assets/${id}`);
    const start = await api.post(`/v1/jobs/${job_id}/_start`);
    expect([start.status, start.body.message]).toEqual([
      400,
      'Failure to get assets, caused by No assets found for "leaving"',
    ]);
    const recover = await api.post(`/v1/ex/${ex_id}/_recover`);
    expect(recover.status).toBe(409);
    expect(recover.body.message).toBe(`Execution ${ex_id} cannot be recovered: unable to find asset ${id}`);
  });
});

it('shows an assets service beside the master', async () => {
  const nodes = Object.values((await api.get('/v1/cluster/state')).body) as Array<{ active: object[] }>;
  expect(nodes.flatMap(({ active }) => active)).toEqual([
    { assignment: 'cluster_master', pid: process.pid, worker_id: process.pid },
    { assignment: 'assets_service', pid: process.pid, worker_id: process.pid },
  ]);
});

it('are shown as a table, with the beginning of their descriptions', async () => {
  const zip = await bundle('shown', '1.0.0', { description: `${'x'.repeat(30)}y`, platform: undefined });
  await upload(zip);
  for (const path of ['/txt/assets/shown', '/txt/assets/shown/^1']) {
    const { status, text } = await api.get(path);
    expect(status).toBe(200);
    const [head, , row, ...rest] = text.split('\n');
    expect(head!.trim().split(/\s+/)).toEqual(
      'name version id _created description node_version platform arch'.split(' '),
    );
    expect(row!.trim().split(/\s+/).slice(0, 5)).toEqual([
      'shown',
      '1.0.0',
      assetIdOf(zip),
      expect.stringMatching(/^\d{4}-/),
      'x'.repeat(30),
    ]);
    expect(rest.join('').trim()).toBe('');
  }
  expect((await api.get('/txt/assets')).text).toContain(assetIdOf(zip));
});

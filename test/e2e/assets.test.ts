import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ExtraNode } from '../support/extra-node.js';
import { TestStack } from '../support/stack.js';
import { until } from '../support/until.js';
import { assetIdOf, assetJson, makeZip } from '../support/zips.js';

const LIBRARY = pathToFileURL(createRequire(import.meta.url).resolve('@terascope/job-components')).href;

const SCHEMA = `import { ConvictSchema } from '${LIBRARY}';
  export default class Schema extends ConvictSchema { build() { return {}; } }`;
const STAMP = (mark: string): string => `
  import { MapProcessor } from '${LIBRARY}';
  import { delay } from 'delaying';
  export default class Stamp extends MapProcessor {
    async initialize() { await super.initialize(); await delay(1); }
    map(record) { return Object.assign(record, { mark: '${mark}' }); }
  }`;
/** A dependency inside of the bundle. */
const DEPENDENCY = {
  'node_modules/delaying/package.json': '{"name": "delaying", "main": "index.js"}',
  'node_modules/delaying/index.js': 'exports.delay = (ms) => new Promise((done) => setTimeout(done, ms));',
};

/** One directory for each operation, as ES modules. */
const standard = (version: string): Promise<Buffer> =>
  makeZip({
    'asset.json': assetJson('stamps', version),
    'package.json': '{"type": "module"}',
    ...DEPENDENCY,
    'operations/stamp/processor.js': STAMP(version),
    'operations/stamp/schema.js': SCHEMA,
  });
/** One module with all operations; its schema answers as those of job-components 2 do. */
const bundled = (version: string): Promise<Buffer> =>
  makeZip({
    'asset.json': assetJson('stamps', version),
    'package.json': '{"type": "module"}',
    ...DEPENDENCY,
    'index.js': `
      import Processor from './stamp.js';
      import Base from './schema.js';
      class Schema extends Base {
        validate(config) { return { config: super.validate(config), warnings: [] }; }
      }
      export default { ASSETS: { stamp: { Processor, Schema } } };`,
    'stamp.js': STAMP(version),
    'schema.js': SCHEMA,
  });
/** As bundlers write it for CommonJS: everything in one file, nothing of the library to import. */
const common = (version: string): Promise<Buffer> =>
  makeZip({
    'asset.json': assetJson('stamps', version),
    ...DEPENDENCY,
    'index.js': `
      const { delay } = require('delaying');
      class Processor {
        constructor(context, opConfig) { this.opConfig = opConfig; }
        async initialize() { await delay(1); }
        async shutdown() {}
        async handle(records) {
          return records.map((record) => Object.assign(record, { mark: this.opConfig.mark }));
        }
      }
      Processor.type = () => 'processor';
      class Schema {
        validate(config) { return { mark: '${version}', ...config }; }
      }
      Schema.type = () => 'convict';
      exports.ASSETS = { stamp: { Processor, Schema } };`,
  });

let stack: TestStack;
const ids: Record<string, string> = {};
const autoload = mkdtempSync(join(tmpdir(), 'temposlice-autoload-'));
const folderOf = (version: string, dataDir = stack.dataDir): string => join(dataDir, 'assets', ids[version]!);

async function upload(zip: Buffer): Promise<string> {
  const response = await fetch(`${stack.url}/v1/assets`, { method: 'POST', body: zip });
  const body = (await response.json()) as { asset_id: string; message?: string };
  if (!response.ok) throw new Error(body.message);
  return body.asset_id;
}

const remove = (id: string): Promise<Response> => fetch(`${stack.url}/v1/assets/${id}`, { method: 'DELETE' });
const listed = async (): Promise<string[]> => {
  const reply = await stack.request<Array<{ version: string }>>('GET', '/v1/assets/stamps?sort=version:asc');
  return reply.body.map(({ version }) => version);
};

/** A job that stamps a few records and writes them to a new folder. */
function stamping(assets: string[], op = 'stamp', more: object = {}) {
  const path = join(stack.dataDir, `out-${Math.random()}`);
  const operations = [
    { _op: 'data_generator', size: 20, slice_size: 5 },
    { _op: op },
    { _op: 'file_exporter', path },
  ];
  const marks = (): string[] => {
    const lines = readdirSync(path).flatMap((file) =>
      readFileSync(join(path, file), 'utf8').trim().split('\n'),
    );
    return [...new Set(lines.map((line) => (JSON.parse(line) as { mark: string }).mark))];
  };
  return { job: { assets, workers: 1, operations, ...more }, marks };
}

async function run({ job, marks }: ReturnType<typeof stamping>): Promise<string[]> {
  const { ex_id } = await stack.submit(job);
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed', _failureReason: '' });
  return marks();
}

beforeAll(async () => {
  writeFileSync(join(autoload, 'first.zip'), await standard('1.0.0'));
  writeFileSync(join(autoload, 'broken.zip'), 'PK\x03\x04');
  stack = await TestStack.start('--autoload-dir', autoload);
  ids['1.0.0'] = assetIdOf(await standard('1.0.0'));
  ids['2.0.0'] = await upload(await bundled('2.0.0'));
  ids['3.0.0'] = await upload(await common('3.0.0'));
});
afterAll(async () => {
  await stack.stop();
  rmSync(autoload, { recursive: true });
});

it('takes in what lies in the autoload directory, and goes on behind a broken file', async () => {
  expect(await listed()).toEqual(['1.0.0', '2.0.0', '3.0.0']);
});

it('runs two versions side by side, of whatever layout', async () => {
  const marks = await Promise.all([
    run(stamping(['stamps:1.0.0'])),
    run(stamping(['stamps:^2'])),
    run(stamping(['stamps'])),
  ]);
  expect(marks).toEqual([['1.0.0'], ['2.0.0'], ['3.0.0']]);
});

it('wants to be told which one is meant if a job lists two with the same operation', async () => {
  const assets = ['stamps:1.0.0', 'stamps:2.0.0'];
  const reply = await stack.request('POST', '/v1/jobs', { name: 'both', ...stamping(assets).job });
  expect(reply.status).toBe(400);
  expect(reply.body.message).toMatch(/^Multiple assets containing the same processor name _op: "stamp"/);
  expect(await run(stamping(assets, 'stamp@stamps:2.0.0'))).toEqual(['2.0.0']);
});

it('fetches an asset anew whose folder was damaged', async () => {
  rmSync(join(folderOf('2.0.0'), 'stamp.js'));
  expect(await run(stamping(['stamps:2.0.0']))).toEqual(['2.0.0']);
  expect(existsSync(join(folderOf('2.0.0'), 'stamp.js'))).toBe(true);
});

it('runs on a node that has to fetch the asset first', async () => {
  const node = await ExtraNode.start(stack, 'second');
  try {
    // More workers than the other node has slots.
    const job = stamping(['stamps:2.0.0'], 'stamp', { workers: 8, lifecycle: 'persistent' });
    const { job_id, ex_id } = await stack.submit(job.job);
    await until(async () => {
      const second = (await stack.nodes()).find(({ node_id }) => node_id === 'second');
      return second!.active.some((task) => task.ex_id === ex_id && task.assignment === 'worker');
    }, 60_000);
    expect(existsSync(join(folderOf('2.0.0', node.dataDir), 'stamp.js'))).toBe(true);
    expect(readdirSync(join(node.dataDir, 'assets'))).toEqual([ids['2.0.0']]);
    await stack.verb(job_id, '_stop');
  } finally {
    await node.stop();
  }
});

it('runs a bundle of 60 MB', async () => {
  const large = await makeZip({
    'asset.json': assetJson('large', '1.0.0'),
    'index.js': `exports.ASSETS = {};`,
    'model.bin': { content: randomBytes(60_000_000), compress: false },
  });
  const id = await upload(large);
  expect(await run(stamping(['large', 'stamps:2.0.0']))).toEqual(['2.0.0']);
  expect((await remove(id)).status).toBe(200);
});

describe('an asset that is deleted while a job runs', () => {
  it('is out of sight at once, and goes on to run, in new hosts too', async () => {
    const job = stamping(['stamps:3.0.0'], 'stamp', { lifecycle: 'persistent' });
    const { job_id, ex_id } = await stack.submit(job.job);
    await stack.processed(ex_id, 1);
    const [worker] = await stack.hostsOf(ex_id, 'worker');
    expect((await remove(ids['3.0.0']!)).status).toBe(200);
    expect(await listed()).toEqual(['1.0.0', '2.0.0']);
    const refused = await stack.request('POST', '/v1/jobs', { name: 'x', ...stamping(['stamps:3.0.0']).job });
    expect(refused.status).toBe(400);
    expect(refused.body.message).toMatch('No assets found for "stamps:3.0.0"');
    // Not even the folder is needed: the bytes are there as long as the execution is.
    rmSync(folderOf('3.0.0'), { recursive: true });
    await stack.verb(job_id, '_workers?add=1');
    await stack.hostsOf(ex_id, 'worker', 2);
    expect(await stack.hosts(ex_id, 'worker')).toContain(worker);
    expect(existsSync(folderOf('3.0.0'))).toBe(true);
    await stack.verb(job_id, '_stop');
  });

  it('does not come back with the autoload directory', async () => {
    await remove(ids['1.0.0']!);
    await stack.killMember('master');
    await until(async () => (await listed()).join() === '2.0.0', 30_000);
  });
});

it('keeps assets over a kill of everything, and nothing of an upload that it cut short', async () => {
  const request = httpRequest(`${stack.url}/v1/assets`, { method: 'POST' });
  request.on('error', () => undefined);
  request.write((await standard('9.0.0')).subarray(0, 200));
  const temporary = (): string[] =>
    readdirSync(join(stack.dataDir, 'assets')).filter((name) => name.startsWith('.'));
  await until(() => temporary().length === 1);
  await stack.killEverything();
  expect(temporary()).toHaveLength(1);
  await stack.start();
  expect(temporary()).toEqual([]);
  expect(await listed()).toEqual(['2.0.0']);
  expect(await run(stamping(['stamps']))).toEqual(['2.0.0']);
});

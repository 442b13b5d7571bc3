import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Router } from 'express';
import { pino } from 'pino';
import { AssetService } from '../../src/api/services/assets.js';
import { assetApi } from '../../src/workers/master/asset-api.js';
import { maintenanceApi } from '../../src/workers/master/maintenance-api.js';
import { Purger } from '../../src/workers/master/purger.js';
import { openStore, type JobDocument, type Store } from '../../src/store/index.js';
import { TestApi, validator } from '../api/support/api.js';
import { Directories } from '../operations/support/directories.js';
import { makeExecution, makeJob } from '../support/executions.js';
import { assetJson, makeZip } from '../support/zips.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const directories = new Directories();

/** Runs a command against the target. */
function command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = ['--master', `http://127.0.0.1:${target.port}`];
    execFile(process.execPath, [CLI, ...args, ...options], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

let source: TestApi;
let target: TestApi;
let store: Store;
let assets: AssetService;
let from: string;
/** Ids of assets whose bytes the source gives for those of others. */
const instead = new Map<string, string>();

beforeAll(async () => {
  store = await openStore({ dataDir: directories.make() });
  const purger = new Purger(store, 0, pino({ level: 'silent' }));
  const foreign = await openStore({ dataDir: directories.make() });
  const bundles = Router();
  bundles.use((request, _response, next) => {
    const other = instead.get(request.path.slice('/assets/'.length));
    if (other !== undefined) request.url = `/assets/${other}`;
    next();
  });
  bundles.use('/assets', assetApi(foreign.assets));
  source = await TestApi.start({}, { store: foreign, internal: bundles });
  assets = new AssetService(store.assets, directories.make(), 1_000_000);
  const internal = maintenanceApi({ store, validator, assets, purger });
  target = await TestApi.start({}, { store, assets, internal });
  from = `http://127.0.0.1:${source.port}`;
}, 180_000);
afterAll(async () => {
  await Promise.all([source.close(), target.close()]);
  await Promise.all([source.store.close(), store.close()]);
  directories.clean();
});

describe('import', () => {
  const fine = makeJob({ name: 'fine', _created: '2020-01-01T00:00:00.000Z' });
  const assetless = makeJob({ name: 'assetless', operations: [{ _op: 'elsewhere' }, { _op: 'noop' }] });
  const deleted = makeJob({ name: 'deleted', _deleted: true, _deleted_on: '2021-01-01T00:00:00.000Z' });
  const strange = makeJob({ name: 'strange', job_id: 'no-uuid' });
  beforeAll(async () => {
    for (const job of [fine, assetless, deleted]) await source.store.jobs.insert(job);
  });
  const here = (job: JobDocument) => store.jobs.get(job.job_id);

  it('only says what it would do in a dry run', async () => {
    const { code, stdout, stderr } = await command('import', '--from', from, '--dry-run');
    expect(stdout).toContain(`${fine.job_id}  created (dry run)  fine\n`);
    expect(stderr).toContain('Jobs: 2 created; dry run: nothing was changed');
    expect(code).toBe(0);
    expect(await here(fine)).toBeUndefined();
  });

  it('copies jobs with their ids and times, also those whose operations are not here', async () => {
    const { code, stdout, stderr } = await command('import', '--from', from);
    expect(stdout).toBe(
      `${fine.job_id}  created  fine\n${assetless.job_id}  created  assetless\n` +
        '    Unable to find module for operation: elsewhere\n',
    );
    expect(stderr).toContain('1 cannot be started as they are');
    expect(code).toBe(0);
    expect(await here(fine)).toEqual(fine);
    expect(await here(assetless)).toEqual(assetless);
    expect(await here(deleted)).toBeUndefined();
  });

  it('looks for the assets of a job by their names', async () => {
    const zip = await makeZip({ 'asset.json': assetJson('present', '1.2.0') });
    await assets.save(Readable.from([zip]));
    const jobs = ['present:^1', 'absent'].map((asset) => makeJob({ name: asset, assets: [asset] }));
    for (const job of jobs) await source.store.jobs.insert(job);
    const { stdout } = await command('import', '--from', from, '--dry-run');
    for (const job of jobs) await source.store.jobs.remove(job.job_id, new Date().toISOString());
    expect(stdout).toContain('created (dry run)  present:^1\n');
    expect(stdout).not.toContain('present:^1\n    ');
    expect(stdout).toContain('absent\n    Failure to get assets, caused by No assets found for "absent"\n');
  });

  it('does nothing twice, and replaces only when it is told to', async () => {
    const changed = { ...fine, workers: 9 };
    await store.jobs.replace(changed);
    const again = await command('import', '--from', from);
    expect(again.stderr).toContain('Jobs: 1 different, 1 unchanged');
    expect(await here(fine)).toEqual(changed);
    const replacing = await command('import', '--from', from, '--overwrite');
    expect(replacing.stderr).toContain('Jobs: 1 replaced, 1 unchanged');
    expect(await here(fine)).toEqual(fine);
  });

  it('goes on behind a job that is refused', async () => {
    await source.store.jobs.insert(strange);
    const { code, stdout, stderr } = await command('import', '--from', from);
    expect(stdout).toMatch(/no-uuid {2}refused {2}strange\n.*answers 400.*the job_id must be a UUID/);
    expect(stderr).toContain('2 unchanged, 1 refused');
    expect(code).toBe(1);
  });

  it('copies assets from a server that gives them, ahead of the jobs that need them', async () => {
    const upload = async (version: string, file = 'x.js'): Promise<string> => {
      const zip = await makeZip({ 'asset.json': assetJson('moving', version), [file]: '' });
      return (await source.call('POST', '/v1/assets', { body: zip })).body.asset_id as string;
    };
    const [first, second] = [await upload('1.0.0'), await upload('2.0.0')];
    const needy = makeJob({ name: 'needy', assets: [first] });
    await source.store.jobs.insert(needy);

    const dry = await command('import', '--from', from, '--dry-run');
    expect(dry.stdout).toContain(`${first}  created (dry run)  moving:1.0.0\n`);
    expect(dry.stderr).toContain('they may need the assets that a dry run does not copy');
    expect(await store.assets.get(first)).toBeUndefined();

    const { stdout, stderr } = await command('import', '--from', from);
    expect(stdout).toContain(`${first}  created  moving:1.0.0\n${second}  created  moving:2.0.0\n`);
    expect(stdout).toContain(`${needy.job_id}  created  needy\n`);
    expect(stdout).not.toContain('needy\n    ');
    expect(stderr).toContain('Assets: 2 created\n');
    expect((await store.assets.get(second))?.version).toBe('2.0.0');

    const rival = await makeZip({ 'asset.json': assetJson('moving', '3.0.0'), 'other.js': '' });
    await assets.save(Readable.from([rival]));
    const third = await upload('3.0.0');
    const again = await command('import', '--from', from);
    expect(again.stdout).toMatch(new RegExp(`^${third} {2}refused {2}moving:3.0.0\\n.*answers 409`, 'm'));
    expect(again.stderr).toContain('Assets: 2 unchanged, 1 refused\n');
    expect(again.code).toBe(1);
    await source.store.assets.remove(third);
    await source.store.jobs.remove(needy.job_id, new Date().toISOString());
  });

  it('says which assets a server does not give, and takes no bytes but those of the asset', async () => {
    const zip = await makeZip({ 'asset.json': assetJson('withheld', '1.0.0') });
    const withheld = (await source.call('POST', '/v1/assets', { body: zip })).body.asset_id as string;
    instead.set(withheld, 'nothing');
    const missing = await command('import', '--from', from);
    expect(missing.stdout).toContain(`${withheld}  missing  withheld:1.0.0\n`);
    expect(missing.stderr).toContain(`${from} does not give those that are missing: upload their zip files.`);

    const [other] = await source.store.assets.named('moving');
    instead.set(withheld, other!.id);
    const wrong = await command('import', '--from', from);
    expect(wrong.stdout).toMatch(
      new RegExp(`^${withheld} {2}refused.*\\n +its bytes have the id ${other!.id}$`, 'm'),
    );
    expect(await store.assets.get(withheld)).toBeUndefined();
    await source.store.assets.remove(withheld);
  });

  it.each([
    [['--from', 'http://127.0.0.1:9'], /http:\/\/127\.0\.0\.1:9 cannot be reached: /],
    [['--from', 'nonsense'], /--from must be a URL/],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, stderr } = await command('import', ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(78);
  });

  it('needs no page twice', async () => {
    const many = Array.from({ length: 501 }, () => makeJob());
    await Promise.all(many.map((job) => source.store.jobs.insert(job)));
    const { stderr } = await command('import', '--from', from);
    expect(stderr).toContain('501 created');
  }, 60_000);
});

describe('purge', () => {
  const execution = async (age: number): Promise<string> => {
    const jobId = randomUUID();
    const time = new Date(Date.now() - age).toISOString();
    const doc = makeExecution({ job_id: jobId, _status: 'completed', _created: time, _updated: time });
    await store.executions.insert(doc);
    return doc.ex_id;
  };

  it('removes what is older than it is told', async () => {
    const hour = 3_600_000;
    const ids = await Promise.all([execution(50 * hour), execution(46 * hour)]);
    const { stdout, code } = await command('purge', '--older-than', '2d');
    expect([code, stdout]).toEqual([0, '1 executions removed\n']);
    const left = await Promise.all(ids.map((id) => store.executions.get(id)));
    expect(left.map((row) => row !== undefined)).toEqual([false, true]);
  });

  it.each(['36501d', '5000y', '999999999999999y'])('refuses the age %s', async (age) => {
    const { stderr, code } = await command('purge', '--older-than', age);
    expect(stderr).toContain('an age of at most 36500d');
    expect(code).toBe(2);
  });

  it.each([157_000_000_000_000, 1e300])('refuses %d ms over HTTP', async (age) => {
    const { status, body } = await target.post(`/internal/purge?older_than=${age}`);
    expect([status, body.message]).toEqual([400, expect.stringContaining('older_than: ')]);
  });

  it('refuses an age that is none', async () => {
    const { stderr, code } = await command('purge', '--older-than', 'soon');
    expect(stderr).toContain('an age such as 30d or 12h');
    expect(code).toBe(2);
  });
});

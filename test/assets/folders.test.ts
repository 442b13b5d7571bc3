import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { AssetFolders, AssetGone } from '../../src/assets/folders.js';
import { acquireLock } from '../../src/lock-file.js';
import { assetIdOf, assetJson, makeZip } from '../support/zips.js';

const root = mkdtempSync(join(tmpdir(), 'temposlice-folders-'));
let made = 0;
let zip: Buffer;
let id: string;
let fetched: string[];

/** The cluster has one asset. */
const open = (directory = join(root, `assets-${++made}`)): AssetFolders =>
  new AssetFolders(directory, async (asset) => {
    fetched.push(asset);
    return asset === id ? Readable.from([zip.subarray(0, 7), zip.subarray(7)]) : undefined;
  });
const codeOf = (folders: AssetFolders): string =>
  readFileSync(join(folders.directory, id, 'index.js'), 'utf8');
/** Everything but the assets themselves. */
const others = (folders: AssetFolders): string[] =>
  readdirSync(folders.directory).filter((name) => name !== id);

beforeAll(async () => {
  zip = await makeZip({ 'asset.json': assetJson('one', '1.0.0'), 'index.js': 'the code', 'a/b.js': 'more' });
  id = assetIdOf(zip);
});
beforeEach(() => {
  fetched = [];
});
afterAll(() => rmSync(root, { recursive: true }));

it('fetches an asset once for all who want it', async () => {
  const folders = open();
  await Promise.all([folders.ensure([id]), folders.ensure([id]), folders.ensure([id, id])]);
  await folders.ensure([id]);
  expect(fetched).toEqual([id]);
  expect(codeOf(folders)).toBe('the code');
  expect(others(folders)).toEqual([]);
  await open(folders.directory).ensure([id]);
  expect(fetched).toEqual([id]);
});

it('takes no bytes but those of the asset', async () => {
  const folders = new AssetFolders(join(root, `assets-${++made}`), async () => Readable.from([zip]));
  await expect(folders.ensure(['f'.repeat(40)])).rejects.toThrow(`arrived damaged: its hash is ${id}`);
  expect(readdirSync(folders.directory)).toEqual([]);
});

it('leaves nothing of a fetch that breaks off', async () => {
  const folders = new AssetFolders(join(root, `assets-${++made}`), async () =>
    Readable.from(
      (function* () {
        yield zip.subarray(0, 20);
        throw new Error('the line went dead');
      })(),
    ),
  );
  await expect(folders.ensure([id])).rejects.toThrow('the line went dead');
  expect(readdirSync(folders.directory)).toEqual([]);
});

it.each<[string, (folder: string) => void]>([
  ['a file is missing', (folder) => rmSync(join(folder, 'a/b.js'))],
  ['a file was cut short', (folder) => writeFileSync(join(folder, 'index.js'), 'the')],
  ['a file has other content', (folder) => writeFileSync(join(folder, 'index.js'), 'the cod!')],
  ['the manifest is unreadable', (folder) => writeFileSync(join(folder, '.temposlice-manifest.json'), '{')],
  [
    'there is a file in its place',
    (folder) => (rmSync(folder, { recursive: true }), writeFileSync(folder, '')),
  ],
])('fetches an asset anew if %s', async (_what, damage) => {
  const folders = open();
  await folders.ensure([id]);
  damage(join(folders.directory, id));
  await folders.ensure([id]);
  expect(fetched).toEqual([id, id]);
  expect(codeOf(folders)).toBe('the code');
  expect(readFileSync(join(folders.directory, id, 'a/b.js'), 'utf8')).toBe('more');
  expect(others(folders)).toEqual([]);
});

it('says that an asset is gone, and keeps what a person has put there', async () => {
  const folders = open();
  const own = 'c'.repeat(40);
  await expect(folders.ensure([own])).rejects.toThrow(AssetGone);
  await expect(folders.ensure(['../..'])).rejects.toThrow(AssetGone);
  mkdirSync(join(folders.directory, own), { recursive: true });
  await folders.ensure([own]);
  await folders.clean(async () => []);
  expect(await folders.hasOwn(own)).toBe(true);
  expect(await folders.hasOwn(id)).toBe(false);
});

it('leaves a folder of a person in its place, also when the cluster has an asset of that id', async () => {
  const folders = open();
  const folder = join(folders.directory, id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.js'), 'their code');
  await folders.ensure([id]);
  await folders.temporarily(async (aside) => {
    const unpacked = join(aside, 'files');
    mkdirSync(unpacked);
    await folders.install(id, unpacked, aside);
  });
  expect(codeOf(folders)).toBe('their code');
  expect(others(folders)).toEqual([]);
});

it('removes what the cluster has no more', async () => {
  const folders = open();
  await folders.ensure([id]);
  await folders.clean(async (ids) => ids);
  expect(codeOf(folders)).toBe('the code');
  await folders.clean(async () => []);
  expect(readdirSync(folders.directory)).toEqual([]);
  await folders.ensure([id]);
  expect(codeOf(folders)).toBe('the code');
});

it('sweeps temporary folders that no process has any more', async () => {
  const folders = open();
  const [dead, living] = ['.new-dead', '.new-living'].map((name) => join(folders.directory, name));
  mkdirSync(join(dead!, 'files'), { recursive: true });
  const release = acquireLock(join(living!, 'lock'));
  await folders.sweep();
  expect(existsSync(dead!)).toBe(false);
  expect(existsSync(living!)).toBe(true);
  release();
  await folders.sweep();
  expect(existsSync(living!)).toBe(false);
});

import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '../../src/assets/unpack.js';
import { MANIFEST_NAME, readManifest } from '../../src/assets/manifest.js';
import { makeZip, renamed } from '../support/zips.js';

const root = mkdtempSync(join(tmpdir(), 'temposlice-unpack-'));
afterAll(() => rmSync(root, { recursive: true }));

let made = 0;
async function unpacked(zip: Buffer): Promise<string> {
  const folder = join(root, `unpacked-${++made}`);
  mkdirSync(folder);
  writeFileSync(`${folder}.zip`, zip);
  await unpack(`${folder}.zip`, folder);
  return folder;
}

const refused = async (zip: Buffer): Promise<string> => {
  const error = await unpacked(zip).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'ASSET_ZIP_INVALID', status: 422 });
  return (error as Error).message;
};

const SYMLINK = 0o120777;
const FIFO = 0o010644;

it('unpacks files and folders, with what is needed of their modes', async () => {
  const folder = await unpacked(
    await makeZip({
      'asset.json': '{}',
      'deep/er/index.js': { content: 'x'.repeat(100_000), compress: false },
      'bin/run': { content: '#!/bin/sh', mode: 0o104777 },
      ['__proto__']: 'a name like any other',
    }),
  );
  expect(readdirSync(folder).sort()).toEqual([MANIFEST_NAME, '__proto__', 'asset.json', 'bin', 'deep']);
  expect(readFileSync(join(folder, 'deep/er/index.js'), 'utf8')).toHaveLength(100_000);
  expect(statSync(join(folder, 'bin/run')).mode & 0o7777).toBe(0o755);
  expect(statSync(join(folder, 'asset.json')).mode & 0o7777).toBe(0o644);
  expect(Object.keys((await readManifest(folder))!)).toHaveLength(4);
});

it.each<[string, string, string]>([
  ['leads out of the folder', 'aa/bbbb', '../bbbb'],
  ['leads out of the folder behind a folder', 'a/bb/cc', 'a/../..'],
  ['is absolute', 'a/bbbbb', '/etc/xx'],
  ['is absolute on Windows', 'aa/bbbb', 'C:/bbbb'],
  ['leads out with backslashes', 'aa/bbbb', '..\\bbbb'],
  ['holds a NUL', 'aa/bbbb', 'aa/bb\0b'],
])('refuses a name that %s', async (_what, name, other) => {
  const zip = renamed(await makeZip({ 'asset.json': '{}', [name]: 'content' }), name, other);
  await refused(zip);
  expect(readdirSync(root).filter((entry) => !entry.startsWith('unpacked-'))).toEqual([]);
});

it('makes neither links nor devices', async () => {
  const link = await makeZip({ 'asset.json': '{}', link: { content: '/etc/passwd', mode: SYMLINK } });
  expect(await refused(link)).toMatch(/link is neither a file nor a directory/);
  expect(await refused(await makeZip({ pipe: { content: '', mode: FIFO } }))).toMatch(/pipe is neither/);
});

it('refuses a name that comes twice, and a file that is used as a folder', async () => {
  const twice = renamed(await makeZip({ 'one.js': '1', 'two.js': '2' }), 'two.js', 'one.js');
  expect(await refused(twice)).toMatch(/one\.js cannot be used: it is in use already/);
  expect(await refused(await makeZip({ a: '1', 'a/b': '2' }))).toMatch(/a cannot be used: (it is|ENOTDIR)/);
});

it('refuses what unpacks to much more than it is', async () => {
  const zip = await makeZip({ zeros: Buffer.alloc(40_000_000) });
  expect(zip.length).toBeLessThan(100_000);
  expect(await refused(zip)).toMatch(/unpacks to more than 20000000 bytes/);
});

it('counts folders that only names bring about', async () => {
  const names = Array.from({ length: 130 }, (_, n) => [`${n}/${'a/'.repeat(45)}f`, ''] as const);
  expect(await refused(await makeZip(Object.fromEntries(names)))).toMatch(
    /unpacks to more than 20000000 bytes/,
  );
  expect(await refused(await makeZip({ [`${'a/'.repeat(51)}f`]: '' }))).toMatch(/50 folders deep/);
  expect(await refused(await makeZip({ [`${'b'.repeat(249)}/`.repeat(4) + 'f']: '' }))).toMatch(
    /longer than 1000/,
  );
});

it('takes many files of one deep folder for one folder each level', async () => {
  const names = Array.from({ length: 300 }, (_, n) => [`${'a/'.repeat(20)}${n}`, 'x'] as const);
  const folder = await unpacked(await makeZip(Object.fromEntries(names)));
  expect(readdirSync(join(folder, 'a/'.repeat(20)))).toHaveLength(300);
});

it.each([
  { holds: 40_000_000, says: 1_000, refusal: /too many bytes/ },
  { holds: 20_003, says: 1_001, refusal: /too many bytes/ },
  { holds: 20_003, says: 30_007, refusal: /holds 20003 bytes, not 30007/ },
])('does not believe that a file of $holds bytes has $says', async ({ holds, says, refusal }) => {
  const zip = await makeZip({ zeros: Buffer.alloc(holds) });
  const size = Buffer.alloc(4);
  size.writeUInt32LE(holds);
  const lie = Buffer.alloc(4);
  lie.writeUInt32LE(says);
  const lying = Buffer.from(
    zip.toString('latin1').replaceAll(size.toString('latin1'), lie.toString('latin1')),
    'latin1',
  );
  expect(lying.equals(zip)).toBe(false);
  expect(await refused(lying)).toMatch(refusal);
});

it('unpacks many files, small and large, from a bundle that is too large to be read at once', async () => {
  const files = Object.fromEntries(
    Array.from(
      { length: 200 },
      (_, n) => [`${n % 7}/${n}`, randomBytes(n % 50 === 0 ? 5_000_000 : n)] as const,
    ),
  );
  const folder = await unpacked(await makeZip(files));
  const manifest = await readManifest(folder);
  expect(Object.keys(manifest!)).toEqual(Object.keys(files));
  for (const [name, content] of Object.entries(files)) {
    expect(readFileSync(join(folder, name)).equals(content)).toBe(true);
  }
});

it('writes nothing more once it has failed', async () => {
  const files = Array.from({ length: 100 }, (_, n) => [`${n}`, randomBytes(70_000)] as const);
  await refused(await makeZip({ ...Object.fromEntries(files), pipe: { content: '', mode: FIFO } }));
  // What it had begun is there as a whole when it tells of the failure, so that the folder can be removed.
  const folder = join(root, `unpacked-${made}`);
  for (const [name, content] of files) {
    expect(readFileSync(join(folder, name)).equals(content)).toBe(true);
  }
});

it('refuses zip files that are cut short or changed', async () => {
  const zip = await makeZip({ 'asset.json': '{}', 'index.js': { content: 'let a = 1;', compress: false } });
  await refused(zip.subarray(0, zip.length - 30));
  await refused(Buffer.from('PK\x03\x04 and nothing behind it'));
  const changed = Buffer.from(zip.toString('latin1').replace('let a = 1;', 'let a = 2;'), 'latin1');
  expect(await refused(changed)).toMatch(/checksum of index.js is wrong/);
});

it('refuses to overwrite its own manifest', async () => {
  expect(await refused(await makeZip({ [MANIFEST_NAME]: '{}' }))).toMatch(/reserved/);
});

import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  cacheDirectory,
  obtainTemporal,
  TEMPORAL_CLI_VERSION,
  type BinarySource,
} from '../../src/workers/temporal/binary.js';

let root: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'temposlice-binary-'));
  env = { PATH: join(root, 'bin'), XDG_CACHE_HOME: join(root, 'cache') };
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** An executable that answers `--version` as the Temporal CLI does, or as something else. */
function executable(path: string, answer = 'temporal version 1.5.1'): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho '${answer}'\n`);
  chmodSync(path, 0o755);
  return path;
}

const cached = (): string => join(cacheDirectory(env), TEMPORAL_CLI_VERSION, 'temporal');
const failing =
  (reason: string): BinarySource =>
  () =>
    Promise.reject(new Error(reason));

it('takes TEMPORAL_CLI before the PATH, the PATH before the cache, the cache before any source', async () => {
  const sources = { download: failing('must not be asked') };
  const inCache = executable(cached());
  expect(await obtainTemporal({ env, sources })).toBe(inCache);
  const onPath = executable(join(root, 'bin', 'temporal'));
  expect(await obtainTemporal({ env, sources })).toBe(onPath);
  const named = executable(join(root, 'own', 'my-temporal'));
  expect(await obtainTemporal({ env: { ...env, TEMPORAL_CLI: named }, sources })).toBe(named);
});

it('does not go past a TEMPORAL_CLI that does not work', async () => {
  executable(cached());
  const missing = join(root, 'missing');
  await expect(obtainTemporal({ env: { ...env, TEMPORAL_CLI: missing } })).rejects.toThrow(
    `TEMPORAL_CLI is set to ${missing}, which does not work`,
  );
});

it('passes over an executable of the same name that is something else', async () => {
  executable(join(root, 'bin', 'temporal'), 'a calendar');
  const inCache = executable(cached());
  expect(await obtainTemporal({ env })).toBe(inCache);
});

it('fills the cache from the first source that works, and shows its progress', async () => {
  const messages: string[] = [];
  const progress = (message: string): void => void messages.push(message);
  const sources = {
    download: failing('no network'),
    build: async (directory: string) => executable(join(directory, 'temporal')),
  };
  expect(await obtainTemporal({ env, sources, progress })).toBe(cached());
  expect(messages.join('\n')).toMatch(/download …\ndownload: no network\n.*build …/);
  expect(await obtainTemporal({ env, sources: {} })).toBe(cached());
});

it('lists everything that was tried when nothing works, and leaves no half binary', async () => {
  const sources = {
    download: failing('no network'),
    build: async (directory: string) => executable(join(directory, 'temporal'), 'garbage'),
  };
  const attempt = obtainTemporal({ env, sources });
  await expect(attempt).rejects.toMatchObject({ name: 'ConfigurationError' });
  const message = await attempt.catch((error: Error) => error.message);
  for (const line of [
    'temporal on the PATH: not there',
    `cache (${cached()}): not there`,
    'download: no network',
  ]) {
    expect(message).toContain(line);
  }
  expect(message).toMatch(/build: what came does not run/);
  expect(message).toMatch(/TEMPORAL_CLI/);
  expect(existsSync(cached())).toBe(false);
});

it('is built once when two want it at the same time', async () => {
  let builds = 0;
  const template = executable(join(root, 'template'));
  const sources = {
    build: async (directory: string) => {
      builds += 1;
      const path = join(directory, 'temporal');
      copyFileSync(template, path);
      return path;
    },
  };
  const paths = await Promise.all([1, 2].map(() => obtainTemporal({ env, sources })));
  expect(paths).toEqual([cached(), cached()]);
  expect(builds).toBe(1);
});

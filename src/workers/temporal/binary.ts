import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ConfigurationError } from '../configuration-error.js';
import { acquireLock, LockedError } from '../../lock-file.js';
import { buildWithGo, downloadWithSdk } from './binary-sources.js';

/** Release of the Temporal CLI that is downloaded or built; it contains Temporal Server 1.29.1. */
export const TEMPORAL_CLI_VERSION = 'v1.5.1';

const EXECUTABLE = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const run = promisify(execFile);

/** Tells a person what goes on; called again and again with the time elapsed while something takes long. */
export type Progress = (message: string) => void;

/** A way to get the binary: leaves an executable in `directory` and answers its path. */
export type BinarySource = (directory: string, version: string, progress: Progress) => Promise<string>;

export interface ObtainOptions {
  env?: NodeJS.ProcessEnv;
  progress?: Progress;
  /** Where a missing binary may come from, by name, tried in this order. */
  sources?: Record<string, BinarySource>;
}

const SOURCES: Record<string, BinarySource> = {
  'download from temporal.download': downloadWithSdk,
  'build with Go': buildWithGo,
};

/**
 * Path of a Temporal CLI that works: `TEMPORAL_CLI`, else `temporal` on the PATH, else the user's cache,
 * which is filled by download or, where that fails, by a build.
 *
 * @throws ConfigurationError listing all that was tried
 */
export async function obtainTemporal(options: ObtainOptions = {}): Promise<string> {
  const { env = process.env, progress = () => undefined, sources = SOURCES } = options;
  if (env.TEMPORAL_CLI) {
    const reason = await whyUnusable(env.TEMPORAL_CLI);
    if (!reason) return env.TEMPORAL_CLI;
    throw new ConfigurationError(
      `TEMPORAL_CLI is set to ${env.TEMPORAL_CLI}, which does not work: ${reason}`,
    );
  }
  const tried: string[] = [];
  const cached = join(cacheDirectory(env), TEMPORAL_CLI_VERSION, EXECUTABLE);
  for (const [name, path] of [
    ['temporal on the PATH', findOnPath(env)] as const,
    ['cache', cached] as const,
  ]) {
    const reason = path && existsSync(path) ? await whyUnusable(path) : 'not there';
    if (path && !reason) return path;
    tried.push(`${name}${path ? ` (${path})` : ''}: ${reason}`);
  }
  return fillCache(cached, sources, tried, progress);
}

/** Folder of this user for downloaded and built binaries, as the platform has it. */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const base =
    env.XDG_CACHE_HOME ??
    {
      darwin: join(homedir(), 'Library', 'Caches'),
      win32: env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'),
    }[process.platform as string] ??
    join(homedir(), '.cache');
  return join(base, 'temposlice', 'temporal');
}

async function fillCache(
  cached: string,
  sources: Record<string, BinarySource>,
  tried: string[],
  progress: Progress,
): Promise<string> {
  const directory = join(cached, '..');
  const release = await waitForLock(join(directory, '.lock'), progress);
  try {
    // Whoever held the lock before may have put it there.
    if (existsSync(cached) && !(await whyUnusable(cached))) return cached;
    for (const [name, source] of Object.entries(sources)) {
      const staging = mkdtempSync(join(directory, '.staging-'));
      const stopTicking = tick(
        `Temporal CLI ${TEMPORAL_CLI_VERSION}, which has the server: ${name}`,
        progress,
      );
      try {
        const path = await source(staging, TEMPORAL_CLI_VERSION, progress);
        const reason = await whyUnusable(path);
        if (reason) throw new Error(`what came does not run: ${reason}`);
        renameSync(path, cached);
        return cached;
      } catch (error) {
        const failure = `${name}: ${describe(error)}`;
        progress(failure);
        tried.push(failure);
      } finally {
        stopTicking();
        rmSync(staging, { recursive: true, force: true });
      }
    }
  } finally {
    release();
  }
  throw new ConfigurationError(
    [
      'No Temporal server could be obtained. Tried:',
      ...tried.map((line) => `  - ${line}`),
      'To help yourself, do one of these:',
      '  - install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on the PATH;',
      '  - set TEMPORAL_CLI to the path of the `temporal` executable;',
      '  - install Go (https://go.dev/dl), 1.25 or later, so that it can be built;',
      '  - use a Temporal server that runs already: --temporal HOST:PORT.',
    ].join('\n'),
  );
}

async function waitForLock(path: string, progress: Progress): Promise<() => void> {
  mkdirSync(join(path, '..'), { recursive: true });
  let stopTicking: (() => void) | undefined;
  try {
    for (;;) {
      try {
        return acquireLock(path);
      } catch (error) {
        if (!(error instanceof LockedError)) throw error;
        stopTicking ??= tick(`waiting for ${error.holder}, which obtains Temporal`, progress);
        await delay(200);
      }
    }
  } finally {
    stopTicking?.();
  }
}

/** Undefined if the executable answers as a Temporal CLI does, else the reason why it cannot be used. */
async function whyUnusable(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 30_000 });
    return stdout.startsWith('temporal version') ? undefined : 'it is not the Temporal CLI';
  } catch (error) {
    return describe(error);
  }
}

function findOnPath(env: NodeJS.ProcessEnv): string | undefined {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, EXECUTABLE))
    .find((path) => existsSync(path));
}

function tick(message: string, progress: Progress): () => void {
  const since = Date.now();
  progress(`${message} …`);
  const timer = setInterval(
    () => progress(`${message} … ${Math.round((Date.now() - since) / 1000)} s`),
    5_000,
  );
  return () => clearInterval(timer);
}

/** First telling line of an error, with its causes. */
function describe(error: unknown): string {
  const texts: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const text = at.message.trim().split('\n').slice(0, 3).join(' | ');
    if (!texts.some((known) => known.includes(text))) texts.push(text);
  }
  return texts.join(': ') || String(error);
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BinarySource } from './binary.js';

/**
 * The SDK's own download. It comes with a start of the server, which is ended at once:
 * so what was downloaded is known to run on this machine.
 */
export const downloadWithSdk: BinarySource = async (directory, version) => {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: directory, version }, log: QUIET },
  });
  await environment.teardown();
  const file = readdirSync(directory).find((name) => name.startsWith('temporal'));
  if (!file) throw new Error('the download left no file');
  return join(directory, file);
};

const QUIET = { format: 'json', level: 'error' };

/** Builds the CLI from its Go module; needs Go and a module proxy or the module cache. */
export const buildWithGo: BinarySource = async (directory, version, progress) => {
  const go = spawn('go', ['install', `github.com/temporalio/cli/cmd/temporal@${version}`], {
    // A target platform in the environment would make Go refuse GOBIN, and could not run here anyway.
    env: { ...process.env, GOBIN: directory, GOOS: '', GOARCH: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const last: string[] = [];
  createInterface(go.stderr).on('line', (line) => {
    if (line.startsWith('go: downloading')) return progress(line);
    last.push(line);
    if (last.length > 5) last.shift();
  });
  // Ended with this process: a build that nobody waits for would hold two processors for minutes.
  const abandon = (): void => void go.kill('SIGTERM');
  process.once('exit', abandon);
  try {
    const [code] = (await once(go, 'close')) as [number | null];
    if (code !== 0) throw new Error(`go install ended with code ${code}: ${last.join(' | ')}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error('Go is not installed');
    throw error;
  } finally {
    process.off('exit', abandon);
  }
  return join(directory, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
};

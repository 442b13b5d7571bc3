import { fork, type ChildProcess, type StdioOptions } from 'node:child_process';
import { LEAN_EXEC_ARGV, leanEnvironment } from '../lean-process.js';

/** Condition under which `#job-components` is the bundle that `build-library.ts` made. */
const BUNDLED = 'temposlice-bundled';

export interface ForkOptions {
  /** Old-space limit of the child in MB. */
  memoryMb: number;
  args?: string[];
  /** Arguments for V8. Default {@link LEAN_EXEC_ARGV}. */
  execArgv?: string[];
  /** Variables beside the parent's own. */
  env?: Record<string, string>;
  /** Default: standard output and error are pipes. */
  stdio?: StdioOptions;
}

/**
 * Forks a process for user code: none of the parent's `execArgv`, loaders or
 * `NODE_OPTIONS` reach it, job-components behaves as in production and comes as one file.
 */
export function forkForUserCode(path: string, options: ForkOptions): ChildProcess {
  const env = leanEnvironment({ ...process.env, ...options.env, NODE_ENV: 'production' });
  delete env.NODE_OPTIONS;
  return fork(path, options.args ?? [], {
    execArgv: [
      `--max-old-space-size=${options.memoryMb}`,
      ...(options.execArgv ?? LEAN_EXEC_ARGV),
      `--conditions=${BUNDLED}`,
    ],
    env,
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

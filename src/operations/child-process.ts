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

/** What the parent has in its environment and user code has no use for. */
const SECRETS = ['TEMPOSLICE_STORE', 'TEMPOSLICE_CLUSTER_TOKEN'];

/**
 * Forks a process for user code: none of the parent's `execArgv`, loaders, `NODE_OPTIONS` or secrets reach it,
 * job-components behaves as in production and comes as one file.
 */
export function forkForUserCode(path: string, options: ForkOptions): ChildProcess {
  const own = Object.entries(process.env).filter(([name]) => !SECRETS.includes(name));
  const env = leanEnvironment({ ...Object.fromEntries(own), ...options.env, NODE_ENV: 'production' });
  // Also of `options.env`: what a host needs of them is in its arguments.
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

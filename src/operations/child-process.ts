import { fork, type ChildProcess, type StdioOptions } from 'node:child_process';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Condition under which `#job-components` is the bundle that `build-library.ts` made. */
const BUNDLED = 'temposlice-bundled';

/**
 * Half of V8's default for its young generation, in MB: a busy worker takes 98 MB instead of 118 and a slicer 104
 * instead of 121, at the same speed; slices of thousands of records cost about a twentieth more. With 4 MB they
 * cost a tenth or more.
 */
const SEMI_SPACE_MB = 8;

export interface ForkOptions {
  /** Old-space limit of the child in MB. */
  memoryMb: number;
  args?: string[];
  /** Variables beside the parent's own. */
  env?: Record<string, string>;
  /** Default: standard output and error are pipes. */
  stdio?: StdioOptions;
}

/**
 * The compiled JavaScript of a module of ours that is run as a process. A child gets no loader, so a parent that
 * runs from TypeScript itself (as tests do) finds its children in `dist`.
 *
 * @param specifier relative to `base`, with its `.js` ending
 * @param base `import.meta.url` of the caller
 */
export function compiledPath(specifier: string, base: string): string {
  const path = fileURLToPath(new URL(specifier, base));
  if (!base.endsWith('.ts')) return path;
  const source = `${sep}src${sep}`;
  const at = path.lastIndexOf(source);
  return `${path.slice(0, at)}${sep}dist${sep}${path.slice(at + source.length)}`;
}

/**
 * Forks a process for user code: none of the parent's `execArgv`, loaders or
 * `NODE_OPTIONS` reach it, job-components behaves as in production and comes as one file.
 */
export function forkForUserCode(path: string, options: ForkOptions): ChildProcess {
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env, NODE_ENV: 'production' };
  delete env.NODE_OPTIONS;
  return fork(path, options.args ?? [], {
    execArgv: [
      `--max-old-space-size=${options.memoryMb}`,
      `--max-semi-space-size=${SEMI_SPACE_MB}`,
      `--conditions=${BUNDLED}`,
    ],
    env,
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ExecutionDocument } from '../../src/store/types.js';
import type { BareLoopSetup, FromBareLoop, ToBareLoop } from './bare-loop-child.js';
import type { Stack } from './stack.js';

const CHILD = fileURLToPath(new URL('./bare-loop-child.ts', import.meta.url));
const LOADER = fileURLToPath(new URL('../../test/support/typescript.mjs', import.meta.url));

type Result = Extract<FromBareLoop, { type: 'result' }>;

export interface Measured {
  /** Slices a second, all processes together. */
  rate: number;
  /** Processor time a slice in µs, of everything that took part. */
  cpuMicros: number;
}

/**
 * Runs the bare loop.
 *
 * @param execution as the server stored it: operations and settings are exactly those that it runs
 * @param processes processes that loop at the same time
 */
export async function bareLoop(
  stack: Stack,
  execution: ExecutionDocument,
  processes: number,
  seconds: number,
): Promise<Measured> {
  const setup: BareLoopSetup = {
    execution,
    assetsDirectory: stack.path('assets'),
    logDir: stack.path('bare-loop'),
    seconds,
  };
  const children = Array.from({ length: processes }, () =>
    fork(CHILD, [], { execArgv: ['--import', LOADER], env: { ...process.env, NODE_ENV: 'production' } }),
  );
  try {
    await Promise.all(children.map((child) => say(child, { type: 'setup', setup })));
    const results = await Promise.all(children.map((child) => say(child, { type: 'run' })));
    const sum = (of: (result: Result) => number): number =>
      results.reduce((total, result) => total + (result.type === 'result' ? of(result) : 0), 0);
    return {
      rate: sum(({ slices, seconds: took }) => slices / took),
      cpuMicros: (1_000_000 * sum(({ cpuSeconds }) => cpuSeconds)) / sum(({ slices }) => slices),
    };
  } finally {
    for (const child of children) child.kill();
  }
}

/** Sends a message and waits for the one that it is answered with. */
function say(child: ChildProcess, message: ToBareLoop): Promise<FromBareLoop> {
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as FromBareLoop));
    child.once('exit', (code) => reject(new Error(`the bare loop ended with ${code}`)));
    child.send(message);
  });
}

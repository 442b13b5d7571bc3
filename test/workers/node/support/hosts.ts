import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import type * as Module from '../../../../src/workers/node/host-process.js';
import type { ForkedHost } from '../../../../src/workers/node/warm-hosts.js';
import type { HostSetup } from '../../../../src/workers/host/protocol.js';
import type { ExecutionDocument } from '../../../../src/store/types.js';
import type { LeaseInput, LeaseResult, SliceTuple } from '../../../../src/workflows/types.js';
import { Directories } from '../../../operations/support/directories.js';
import { ASSET_ID, writeAsset } from '../../../operations/support/assets.js';
import { makeExecution } from '../../../support/executions.js';
import { until } from '../../../support/until.js';

const DIST = new URL('../../../../dist/workers/', import.meta.url);

/** What runs in production: hosts are forked from compiled code. */
const { HostProcess } = (await import(
  pathToFileURL(join(DIST.pathname, 'node/host-process.js')).href
)) as typeof Module;

export type Host = InstanceType<typeof HostProcess>;
/** Where the compiled code lies. */
export const WORKERS_DIRECTORY = DIST.pathname;
export const HOST_MAIN = join(DIST.pathname, 'host/main.js');

const directories = new Directories();
const hosts: Host[] = [];

/**
 * What a slice does is what its only record says: `sleep` (ms), `spin`, `exit`, `fail`, `hog` memory, or nothing.
 * Flushing appends a line to the file `flushed`, or fails if the environment says so.
 */
const PROCESSOR = `
  async onBatch(records) {
    const { appendFileSync } = await import('node:fs');
    for (const { act, ms } of records) {
      if (act === 'sleep' || act === 'spin') appendFileSync(process.env.FLUSHED + '.begun', '');
      if (act === 'sleep') await new Promise((wake) => setTimeout(wake, ms));
      if (act === 'spin') for (;;);
      if (act === 'exit') process.exit(ms ?? 1);
      if (act === 'fail') throw new Error('told to fail');
      // What the published library takes for its TSError, of whatever copy, has a statusCode.
      if (act === 'refuse') throw Object.assign(new Error('told to refuse'), { statusCode: 500, retryable: false });
      if (act === 'give up') throw Object.assign(new Error('told to give up'), { statusCode: 500, fatalError: true });
      if (act === 'hog') for (const kept = []; ; ) kept.push(new Array(100_000).fill(Math.random()));
    }
    return records;
  }
  async initialize() {
    if (process.env.BEHAVE === 'init') throw new Error('told not to start');
  }
  onSliceFinished() {
    if (process.env.BEHAVE === 'exit behind') process.exit(1);
    if (process.env.BEHAVE === 'finish badly') throw new Error('told to');
    if (process.env.BEHAVE === 'finish fatally') throw Object.assign(new Error('told to'), { fatalError: true });
  }
  async onFlushStart() {
    if (process.env.BEHAVE === 'flush') throw new Error('told not to flush');
    if (process.env.BEHAVE === 'flush and hang') await new Promise((wake) => setTimeout(wake, 60_000));
    if (process.env.BEHAVE === 'flush and exit') process.exit(1);
    const { appendFileSync } = await import('node:fs');
    appendFileSync(process.env.FLUSHED, 'flushed');
  }
`;

export interface TestHost {
  host: Host;
  setup: HostSetup;
  /** File that a flush appends to. */
  flushed: string;
  /** Resolves once a slice sleeps or spins. */
  begun(): Promise<void>;
}

export function makeSetup(
  changes: Partial<HostSetup> = {},
  execution: Partial<ExecutionDocument> = {},
): HostSetup {
  const root = directories.make();
  const assetsDirectory = join(root, 'assets');
  writeAsset(assetsDirectory, ASSET_ID, {
    act: { processor: PROCESSOR },
  });
  return {
    hostId: 'host-1',
    kind: 'worker',
    execution: makeExecution({
      analytics: true,
      max_retries: 0,
      assets: [ASSET_ID],
      operations: [{ _op: 'test-reader', passthrough_slice: true }, { _op: 'act' }],
      ...execution,
      env_vars: { FLUSHED: join(root, 'flushed'), ...execution.env_vars },
    }),
    clusterName: 'test',
    logDir: join(root, 'logs'),
    logLevel: 'fatal',
    assetsDirectory,
    foundation: { terafoundation: {}, teraslice: {}, connectors: {} },
    metrics: false,
    shutdownTimeout: 10_000,
    fenceSeconds: 30,
    ...changes,
  };
}

/** A host that was just forked. */
export function fork(
  changes: Partial<HostSetup> = {},
  execution: Partial<ExecutionDocument> = {},
  memory = 256,
  forked?: ForkedHost,
): TestHost {
  const setup = makeSetup(changes, execution);
  const host = new HostProcess({
    setup,
    memory,
    forked,
    directory: tmpdir(),
    logger: pino({ level: 'silent' }),
    metadata: { get: async () => ({}), set: async () => undefined },
    onChange: () => undefined,
    onLeases: () => undefined,
  });
  hosts.push(host);
  const flushed = setup.execution.env_vars?.FLUSHED ?? '';
  return { host, setup, flushed, begun: () => until(() => existsSync(`${flushed}.begun`)) };
}

/** A host that is ready. */
export async function start(...options: Parameters<typeof fork>): Promise<TestHost> {
  const forked = fork(...options);
  await until(() => forked.host.state === 'live');
  return forked;
}

export async function cleanUp(): Promise<void> {
  for (const host of hosts) host.kill('the test is over');
  await Promise.all(hosts.splice(0).map(({ ended }) => ended));
  directories.clean();
}

export interface Act {
  act?: 'sleep' | 'spin' | 'exit' | 'fail' | 'refuse' | 'give up' | 'hog';
  ms?: number;
}

export const slicesOf = (acts: Act[]): SliceTuple[] =>
  acts.map((act, index) => [0, index + 1, JSON.stringify([act])]);

export function leaseOf(acts: Act[], changes: Partial<LeaseInput> = {}): LeaseInput {
  return { exId: 'ex', lease: 1, slices: slicesOf(acts), budget: 60_000, expected: 0, ...changes };
}

export const run = (
  host: Host,
  input: LeaseInput,
  cancelled = new AbortController().signal,
): Promise<LeaseResult> => host.leases.run(input, 'node-a', cancelled);

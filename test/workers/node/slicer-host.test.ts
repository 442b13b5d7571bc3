import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CreateInput, SliceTuple } from '../../../src/workflows/types.js';
import { SLICER_FAILURES } from '../../../src/workflows/types.js';
import { ASSET_ID } from '../../operations/support/assets.js';
import { writeTree } from '../../operations/support/directories.js';
import { cleanUp, makeSetup, start, type Host } from './support/hosts.js';
import { until } from '../../support/until.js';

afterEach(cleanUp);

const call = (number: number, changes: Partial<CreateInput> = {}): CreateInput => ({
  exId: 'ex',
  number,
  last: [],
  wanted: { slices: 3, bytes: 100_000 },
  queued: 0,
  stats: { connected: 1, processed: 0, failed: 0 },
  events: [],
  eventsFrom: 1,
  ...changes,
});

const GENERATOR = { _op: 'data_generator', size: 100, slice_size: 10 };
const startGenerator = async (): Promise<Host> =>
  (await start({ kind: 'slicer' }, { assets: [], operations: [GENERATOR, { _op: 'noop' }] })).host;

const orders = (slices: SliceTuple[]): number[] => slices.map(([, order]) => order);

it('goes on from call to call, and gives the same answer to the same number', async () => {
  const host = await startGenerator();
  const first = await host.create(call(1));
  const second = await host.create(call(2));
  expect([...orders(first.slices), ...orders(second.slices)]).toEqual([1, 2, 3, 4, 5, 6]);
  await expect(host.create(call(2))).resolves.toEqual(second);
  const third = await host.create(call(3, { wanted: { slices: 100, bytes: 100_000 } }));
  expect(orders(third.slices)).toEqual([7, 8, 9, 10]);
  expect([first.done, second.done, third.done, third.recoverable]).toEqual([false, false, true, true]);
});

it('joins two calls of the same number', async () => {
  const host = await startGenerator();
  const [one, two] = await Promise.all([host.create(call(1)), host.create(call(1))]);
  expect(two).toEqual(one);
  expect(orders((await host.create(call(2))).slices)).toEqual([4, 5, 6]);
});

it('answers calls one after the other that wait behind one and the same', async () => {
  const host = await startGenerator();
  const calls = [1, 2, 3, 4].map((number) => host.create(call(number)));
  const answers = await Promise.all(calls);
  expect(answers.map(({ slices }) => orders(slices))).toEqual([[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]]);
});

it('is built anew behind the last slice issued, for a number that it does not know', async () => {
  const old = await startGenerator();
  const { slices } = await old.create(call(1));
  const host = await startGenerator();
  const last = [slices.at(-1) as [number, number, string]];
  const next = await host.create(call(2, { last, wanted: { slices: 100, bytes: 100_000 } }));
  expect(orders(next.slices)).toEqual([4, 5, 6, 7, 8, 9, 10]);
  expect(next.done).toBe(true);
});

it('fails for good when it would have to be built anew and cannot be', async () => {
  const { host } = await start(
    { kind: 'slicer' },
    { assets: [], operations: [{ _op: 'test-reader' }, { _op: 'noop' }] },
  );
  await expect(host.create(call(5, { last: [[0, 1, '{}']] }))).rejects.toMatchObject({
    type: SLICER_FAILURES.lost,
    message: expect.stringContaining('is not recoverable'),
  });
});

it('fails for good when its operations cannot be loaded', async () => {
  const { host } = await start(
    { kind: 'slicer' },
    { assets: [], operations: [{ _op: 'no-such-op' }, { _op: 'noop' }] },
  );
  await expect(host.create(call(1))).rejects.toMatchObject({ type: SLICER_FAILURES.init });
});

it.each([
  ['it dies', SLICER_FAILURES.died],
  ['its node ends it', SLICER_FAILURES.gone],
])('tells its callers when %s', async (_what, type) => {
  const persistent = {
    assets: [],
    lifecycle: 'persistent',
    operations: [{ _op: 'test-reader' }, { _op: 'noop' }],
  } as const;
  const { host } = await start(
    { kind: 'slicer' },
    { ...persistent, assets: [], operations: [...persistent.operations] },
  );
  const answer = host.create(call(1, { wanted: { slices: 1_000_000, bytes: 100_000_000 } }));
  const failed = expect(answer).rejects.toMatchObject({ type });
  await until(() => host.busy);
  if (type === SLICER_FAILURES.gone) host.kill('cut off');
  else process.kill(host.pid as number, 'SIGKILL');
  await failed;
});

it('logs at the level that came with the latest call, also where that joins one in progress', async () => {
  const setup = makeSetup();
  const library = pathToFileURL(createRequire(import.meta.url).resolve('@terascope/job-components')).href;
  writeTree(join(setup.assetsDirectory, ASSET_ID), {
    'loud/schema.js': `
      import { ConvictSchema } from '${library}';
      export default class extends ConvictSchema { build() { return {}; } }`,
    'loud/fetcher.js': `
      import { Fetcher } from '${library}';
      export default class extends Fetcher { async fetch() { return []; } }`,
    'loud/slicer.js': `
      import { Slicer } from '${library}';
      export default class extends Slicer {
        async slice() {
          this.logger.info('looked for a slice');
          await new Promise((wake) => setTimeout(wake, 20));
          return null;
        }
        sliceCount() { return 0; }
        async handle() { await this.slice(); return false; }
      }`,
  });
  const { host } = await start(
    { kind: 'slicer', assetsDirectory: setup.assetsDirectory, logDir: setup.logDir },
    { operations: [{ _op: 'loud' }, { _op: 'noop' }] },
  );
  const log = (): string => readFileSync(join(setup.logDir, `${host.exId}.log`), 'utf8');
  const waiting = host.create(call(1)).catch(() => undefined);
  const joined = host.create(call(1, { logLevel: 'info' })).catch(() => undefined);
  await until(() => log().includes('looked for a slice'));
  host.kill('the test is over');
  await Promise.all([waiting, joined]);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newTestExecutionConfig } from '@terascope/job-components';
import {
  createSlicerContext,
  createWorkerContext,
  type LoadingOptions,
} from '../../src/operations/loading.js';
import type { ExecutionDocument } from '../../src/store/types.js';
import { collectGarbage } from '../support/garbage.js';
import { ASSET_ID, writeAsset, writeBundle } from './support/assets.js';
import { Directories } from './support/directories.js';

const directories = new Directories();

afterAll(() => directories.clean());

class Metadata {
  values: Record<string, unknown> = { from: 'before' };
  async get(): Promise<Record<string, unknown>> {
    return structuredClone(this.values);
  }
  async update(_exId: string, values: Record<string, unknown>): Promise<void> {
    this.values = values;
  }
}

function setUp(): LoadingOptions & { assetsDirectory: string; logDir: string; metadata: Metadata } {
  const root = directories.make();
  return {
    assetsDirectory: join(root, 'assets'),
    logDir: join(root, 'logs'),
    logDestination: { write: () => undefined },
    clusterName: 'test',
    hostId: 'host-1',
    logLevel: 'info',
    metadata: new Metadata(),
    shutdownTimeout: 1000,
  };
}

const execution = (more: Record<string, unknown>): ExecutionDocument =>
  newTestExecutionConfig({
    analytics: true,
    operations: [{ _op: 'test-reader', passthrough_slice: true }, { _op: 'noop' }] as never,
    ...more,
  }) as unknown as ExecutionDocument;

const slice = (request: unknown, order = 1) => ({
  slice_id: `slice-${order}`,
  slicer_id: 0,
  slicer_order: order,
  request: request as object,
  _created: new Date().toISOString(),
});

const READER = { _op: 'test-reader', passthrough_slice: true };

it('loads operations of the library and runs a slice', async () => {
  const loaded = await createWorkerContext(execution({}), setUp());
  await loaded.execution.initialize();
  const { results, status } = await loaded.execution.runSlice(slice([{ id: 1 }, { id: 2 }]));
  expect([status, results.map((record) => record.id)]).toEqual(['completed', [1, 2]]);
  await loaded.execution.shutdown();
});

it('begins a slice when all operations are ready for it, and fails it if one is not', async () => {
  const options = setUp();
  writeAsset(options.assetsDirectory, ASSET_ID, {
    preparing: {
      processor: `
        async onSliceInitialized(id) {
          await new Promise((resolve) => setImmediate(resolve));
          if (id === 'slice-2') throw new Error('nothing is prepared');
          this.ready = id;
        }
        async onSliceStarted(id) { this.startedReady = this.ready === id; }
        async onBatch() { return [{ ready: this.startedReady }]; }`,
    },
  });
  const { execution: worker } = await createWorkerContext(
    execution({ assets: [ASSET_ID], operations: [READER, { _op: 'preparing' }] }),
    options,
  );
  await worker.initialize();
  expect((await worker.runSlice(slice([{}], 1))).results).toEqual([{ ready: true }]);
  await expect(worker.runSlice(slice([{}], 2))).rejects.toThrow('nothing is prepared');
  expect((await worker.runSlice(slice([{}], 3))).results).toEqual([{ ready: true }]);
  await worker.shutdown();
});

it('measures the memory of operations by the heap alone, and leaves process.memoryUsage as it is', async () => {
  const options = setUp();
  writeAsset(options.assetsDirectory, ASSET_ID, {
    hungry: {
      processor: `
        async onBatch(records) {
          globalThis.kept = Array.from({ length: 1_000_000 }, (_, i) => i / 3);
          globalThis.seen = process.memoryUsage();
          return records;
        }`,
    },
  });
  const { memoryUsage } = process;
  const loaded = await createWorkerContext(
    execution({ assets: [ASSET_ID], operations: [READER, { _op: 'hungry' }] }),
    options,
  );
  await loaded.execution.initialize();
  // What other tests left on the heap goes now: collected while the slice runs, it would be taken off the slice's memory.
  collectGarbage();
  const { analytics } = await loaded.execution.runSlice(slice([{ id: 1 }]));
  const { seen } = globalThis as unknown as { seen: NodeJS.MemoryUsage };
  expect(analytics?.memory[1]).toBeGreaterThan(4_000_000);
  expect(seen.rss).toBeGreaterThan(seen.heapUsed);
  expect(process.memoryUsage).toBe(memoryUsage);
  await loaded.execution.shutdown();
});

it('loads our own operations without their being listed, unless an asset brings one of that name', async () => {
  const options = setUp();
  const generator = { _op: 'data_generator', size: 10, slice_size: 5 };
  const own = await createSlicerContext(execution({ operations: [generator, { _op: 'noop' }] }), options);
  await own.execution.initialize([]);
  expect(own.execution.config.assets).toEqual([]);
  expect(own.execution.slicer().isRecoverable()).toBe(true);
  await own.execution.shutdown();

  writeBundle(
    options.assetsDirectory,
    ASSET_ID,
    `{ data_generator: {
      Slicer: class extends lib.Slicer { async slice() { return null; } maxQueueLength() { return 77; } },
      Fetcher: class extends lib.Fetcher { async fetch() { return []; } },
      Schema: class extends lib.ConvictSchema { build() { return {}; } },
    } }`,
  );
  const theirs = await createSlicerContext(
    execution({ assets: [ASSET_ID], operations: [generator, { _op: 'noop' }] }),
    options,
  );
  expect(theirs.execution.slicer().maxQueueLength()).toBe(77);
});

it('says why a bundle cannot be loaded, instead of running a built-in in its place', async () => {
  const options = setUp();
  writeBundle(options.assetsDirectory, ASSET_ID, 'missing');
  const broken = (reader: object, op: string) =>
    createSlicerContext(execution({ assets: [ASSET_ID], operations: [reader, { _op: op }] }), options);
  const reason = `the code of asset ${ASSET_ID} cannot be loaded: ReferenceError: missing is not defined`;
  await expect(broken({ _op: 'data_generator', size: 1 }, 'noop')).rejects.toThrow(
    `Unable to find module for operation: data_generator, ${reason}`,
  );
  await expect(broken({ _op: 'theirs' }, 'noop')).rejects.toThrow(
    `Unable to find module for operation: theirs, ${reason}`,
  );
  // What comes with Teraslice needs no asset.
  await expect(broken(READER, 'noop')).resolves.toBeDefined();
});

it.each([
  ['throws', `throw new Error('no licence');`, 'no licence'],
  ['is malformed', 'const =', 'Unexpected token'],
  ['wants what is not there', `import 'no-such-package';`, 'no-such-package'],
])('says why the code of an operation cannot be loaded: it %s', async (_what, top, reason) => {
  const options = setUp();
  const broken = { processor: `} ${top} class Other {` };
  writeAsset(options.assetsDirectory, ASSET_ID, { broken });
  const operations = [READER, { _op: 'broken' }];
  await expect(createWorkerContext(execution({ assets: [ASSET_ID], operations }), options)).rejects.toThrow(
    reason,
  );
});

it('tells operations which slice is at hand, and keeps their metadata', async () => {
  const options = setUp();
  writeAsset(options.assetsDirectory, ASSET_ID, {
    curious: {
      processor: `
        async initialize() {
          await super.initialize();
          await this.context.apis.executionContext.setMetadata('seen', await this.context.apis.executionContext.getMetadata('from'));
        }
        async onBatch(records) {
          return records.map((record) => ({ ...record, slice: this.context.apis.temposlice.currentSlice() }));
        }`,
    },
  });
  const loaded = await createWorkerContext(
    execution({ assets: [ASSET_ID], operations: [READER, { _op: 'curious' }] }),
    options,
  );
  await loaded.execution.initialize();
  expect(options.metadata.values).toEqual({ from: 'before', seen: 'before' });
  const current = { slice_id: 'slice-1', slicer_id: 0, slicer_order: 1, attempt: 2 };
  loaded.setCurrentSlice(current);
  const { results } = await loaded.execution.runSlice(slice([{ id: 1 }]));
  expect(results).toEqual([{ id: 1, slice: current }]);
  loaded.setCurrentSlice(undefined);
  const { results: later } = await loaded.execution.runSlice(slice([{ id: 2 }], 2));
  expect(later[0]?.slice).toBeUndefined();
  expect(await loaded.context.apis.assets.getPath('asset-a')).toBe(join(options.assetsDirectory, ASSET_ID));
  await loaded.execution.shutdown();
});

it('brings APIs to life before operations, in worker and slicer', async () => {
  const options = setUp();
  writeBundle(
    options.assetsDirectory,
    ASSET_ID,
    `{
      counter: {
        API: class extends lib.OperationAPI {
          total = 0;
          async createAPI() { return { add: (n) => (this.total += n) }; }
          onOperationComplete() { this.completed = (this.completed ?? 0) + 1; }
        },
        Schema: class extends lib.ConvictSchema { build() { return {}; } },
      },
      counting: {
        Processor: class extends lib.BatchProcessor {
          async onBatch(records) { return [{ total: this.getAPI('counter').add(records.length) }]; }
        },
        Schema: class extends lib.ConvictSchema { build() { return {}; } },
      },
    }`,
  );
  const config = execution({
    assets: [ASSET_ID],
    apis: [{ _name: 'counter' }],
    operations: [READER, { _op: 'counting' }],
  });
  const worker = await createWorkerContext(config, options);
  await worker.execution.initialize();
  await worker.execution.runSlice(slice([{}, {}]));
  const { results } = await worker.execution.runSlice(slice([{}], 2));
  expect(results).toEqual([{ total: 3 }]);
  expect(worker.execution.apis.counter?.instance).toMatchObject({ completed: 4 });
  await worker.execution.shutdown();

  const slicer = await createSlicerContext(config, options);
  await slicer.execution.initialize([]);
  expect(slicer.execution.api.getAPI('counter')).toBeDefined();
  await slicer.execution.shutdown();
});

it('logs what operations log to the file of the execution, at the level of the job', async () => {
  const options = setUp();
  writeAsset(options.assetsDirectory, ASSET_ID, {
    talkative: {
      processor: `
        async onBatch(records) {
          this.logger.debug('in detail');
          this.logger.error(new Error('oh dear'), 'a record is bad', { id: 3 });
          return records;
        }`,
    },
  });
  const config = execution({
    assets: [ASSET_ID],
    log_level: 'debug',
    operations: [READER, { _op: 'talkative' }],
  });
  const loaded = await createWorkerContext(config, options);
  await loaded.execution.initialize();
  await loaded.execution.runSlice(slice([]));
  loaded.setLogLevel('error');
  await loaded.execution.runSlice(slice([], 2));
  const lines = readFileSync(join(options.logDir, `${config.ex_id}.log`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line.module === 'operation');
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [20, 'in detail'],
    [50, 'a record is bad { id: 3 }'],
    [50, 'a record is bad { id: 3 }'],
  ]);
  expect(lines[1]).toMatchObject({
    ex_id: config.ex_id,
    job_id: config.job_id,
    worker: 'host-1',
    opName: 'talkative',
    err: { message: 'oh dear' },
  });
  await loaded.execution.shutdown();
});

it('fails with the reason if an operation cannot be found or built', async () => {
  const options = setUp();
  writeAsset(options.assetsDirectory, ASSET_ID, {
    stillborn: { processor: `constructor(...args) { super(...args); throw new Error('never born'); }` },
  });
  await expect(
    createWorkerContext(execution({ operations: [READER, { _op: 'no-such-op' }] }), options),
  ).rejects.toThrow('Unable to find module for operation: no-such-op');
  await expect(
    createWorkerContext(
      execution({ assets: [ASSET_ID], operations: [READER, { _op: 'stillborn' }] }),
      options,
    ),
  ).rejects.toThrow('never born');
});

/**
 * What operations of public asset bundles use of the context, every member once: an operation of an asset calls it all
 * and hands out what it got.
 */
import { join } from 'node:path';
import { newTestExecutionConfig } from '@terascope/job-components';
import { createWorkerContext, type LoadingOptions } from '../../src/operations/loading.js';
import { ASSET_ID, jobComponents, writeAsset } from './support/assets.js';
import { Directories, writeTree } from './support/directories.js';

const directories = new Directories();
afterAll(() => directories.clean());

/** The processor: one record out, with what it found. Results are plain data. */
const PROCESSOR = `
  async initialize() {
    await super.initialize();
    const { context } = this;
    const { foundation, executionContext, job_runner, op_runner, assets } = context.apis;
    const metrics = foundation.promMetrics;
    if (metrics.verifyAPI()) {
      await metrics.addCounter('records', 'records seen', ['op'], function collect() {});
      metrics.inc('records', { op: this.opConfig._op }, 3);
    }
    foundation.getSystemEvents().once('mine', (text) => { this.heard = text; });
    foundation.getSystemEvents().emit('mine', 'an event');
    await executionContext.setMetadata('cursor.last', 5);
    this.found = {
      name: context.name,
      clusterName: context.cluster_name,
      arch: context.arch,
      platform: context.platform,
      assignment: context.assignment,
      workerId: context.cluster.worker.id,
      isMaster: context.cluster.isMaster,
      nodeName: context.sysconfig._nodeName,
      environment: context.sysconfig.terafoundation.environment,
      connectors: Object.keys(context.sysconfig.terafoundation.connectors.store),
      stateConnection: context.sysconfig.teraslice.state.connection,
      logLevels: [context.logger.level(), this.logger.level()],
      child: foundation.makeLogger({ module: 'mine' }).fields.module,
      oldChild: foundation.makeLogger('mine', 'file', { module: 'old' }).fields.module,
      workers: foundation.startWorkers(1, {}),
      metadata: [await executionContext.getMetadata('cursor.last'), await executionContext.getMetadata()],
      opConfig: job_runner.getOpConfig('test-reader'),
      noOpConfig: job_runner.getOpConfig('nothing') === undefined,
      client: await op_runner.getClient({ connection: 'second' }, 'store'),
      sameClient: await op_runner.getClient({ connection: 'second' }, 'store') === await op_runner.getClient({ connection: 'second' }, 'store'),
      asyncClient: (await foundation.createClientAsync({ type: 'store' })).client.endpoint,
      connection: foundation.getConnection({ type: 'old', endpoint: 'default' }).client,
      assetPath: await assets.getPath('asset-a'),
      assetPathById: await assets.getPath('${ASSET_ID}'),
      logger: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'child', 'flush'].filter((name) => typeof this.logger[name] !== 'function'),
      api: await this.createAPI('helper'),
      labels: Object.keys(metrics.getDefaultLabels()),
      heard: this.heard,
      currentSlice: context.apis.temposlice.currentSlice() === undefined,
    };
  }
  async onBatch() { return [this.found]; }`;

function setUp(): LoadingOptions & { root: string; metadata: NonNullable<LoadingOptions['metadata']> } {
  const root = directories.make();
  writeTree(root, {
    'package.json': '{}',
    'node_modules/store/package.json': JSON.stringify({ main: 'index.cjs' }),
    'node_modules/store/index.cjs': `
      exports.config_schema = () => ({});
      exports.createClient = async (config, logger, { endpoint }) => ({ client: { config, endpoint }, logger });`,
    'node_modules/terafoundation_old_connector/package.json': JSON.stringify({ main: 'index.cjs' }),
    'node_modules/terafoundation_old_connector/index.cjs': 'exports.create = (config) => config;',
  });
  writeAsset(join(root, 'assets'), ASSET_ID, { everything: { processor: PROCESSOR } });
  writeTree(join(root, 'assets', ASSET_ID, 'helper'), {
    'schema.js': `
      import { ConvictSchema } from '${jobComponents}';
      export default class Schema extends ConvictSchema { build() { return {}; } }`,
    'api.js': `
      import { OperationAPI } from '${jobComponents}';
      export default class Helper extends OperationAPI { async createAPI() { return 'helped'; } }`,
  });
  let kept: Record<string, unknown> = {};
  return {
    root,
    assetsDirectory: join(root, 'assets'),
    logDestination: { write: () => undefined },
    clusterName: 'cluster-1',
    hostId: 'host-1',
    logLevel: 'warn',
    metadata: {
      get: async () => structuredClone(kept),
      update: async (_exId, values) => void (kept = values),
    },
    metrics: true,
    foundation: {
      terafoundation: { environment: 'test', prom_metrics_add_default: false },
      teraslice: {},
      connectors: { store: { default: {}, second: { size: 2 } }, old: { default: { a: 1 } } },
    },
    shutdownTimeout: 1_000,
  };
}

it('finds every member that operations of public bundles use', async () => {
  const { root, ...options } = setUp();
  const previous = process.cwd();
  process.chdir(root);
  try {
    const loaded = await createWorkerContext(
      newTestExecutionConfig({
        name: 'all of it',
        analytics: true,
        assets: [ASSET_ID],
        apis: [{ _name: 'helper' }] as never,
        operations: [{ _op: 'test-reader', passthrough_slice: true }, { _op: 'everything' }] as never,
      }) as never,
      options,
    );
    await loaded.execution.initialize();
    const slice = { slice_id: 's', slicer_id: 0, slicer_order: 1, request: [{}] as never, _created: '' };
    const { results } = await loaded.execution.runSlice(slice);
    expect(results[0]).toEqual({
      name: 'teraslice',
      clusterName: 'cluster-1',
      arch: process.arch,
      platform: process.platform,
      assignment: 'worker',
      workerId: 'host-1',
      isMaster: false,
      nodeName: expect.stringMatching(/\.host-1$/),
      environment: 'test',
      connectors: ['default', 'second'],
      stateConnection: 'default',
      logLevels: [40, 40],
      child: 'mine',
      oldChild: 'old',
      workers: [],
      metadata: [5, { cursor: { last: 5 } }],
      opConfig: { _op: 'test-reader', passthrough_slice: true },
      noOpConfig: true,
      client: { config: { size: 2 }, endpoint: 'second' },
      sameClient: true,
      connection: { a: 1 },
      assetPath: join(root, 'assets', ASSET_ID),
      assetPathById: join(root, 'assets', ASSET_ID),
      logger: [],
      api: 'helped',
      labels: ['name', 'url', 'ex_id', 'job_id', 'job_name', 'assignment', 'worker_id'],
      heard: 'an event',
      currentSlice: true,
    });
    const counters = (await loaded.metrics()).filter(({ name }) => name === 'teraslice_job_records');
    expect(counters).toMatchObject([
      { type: 'counter', values: [{ value: 3, labels: { op: 'everything' } }] },
    ]);
    await loaded.execution.shutdown();
    expect(loaded.context.apis.foundation.promMetrics.verifyAPI()).toBe(false);
  } finally {
    process.chdir(previous);
  }
});

import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import express from 'express';
import { pino } from 'pino';
import { readFoundation } from '../../../src/config/foundation.js';
import { AssetService } from '../../../src/api/services/assets.js';
import { AssetGone } from '../../../src/assets/folders.js';
import type { Settings } from '../../../src/settings.js';
import { openStore, type Store } from '../../../src/store/index.js';
import { assetApi } from '../../../src/workers/master/asset-api.js';
import { AssetCache } from '../../../src/workers/node/asset-cache.js';
import { HostPool } from '../../../src/workers/node/host-pool.js';
import { MasterClient } from '../../../src/workers/node/master-client.js';
import { makeExecution } from '../../support/executions.js';
import { until } from '../../support/until.js';
import { assetJson, makeZip } from '../../support/zips.js';

const root = mkdtempSync(join(tmpdir(), 'temposlice-cache-'));
const logger = pino({ level: 'silent' });
let store: Store;
let server: Server;
let master: MasterClient;
let id: string;

beforeAll(async () => {
  store = await openStore({ dataDir: join(root, 'master') });
  const service = new AssetService(store.assets, join(root, 'master', 'assets'), 1_000_000);
  const zip = await makeZip({ 'asset.json': assetJson('a', '1.0.0'), 'index.js': 'x'.repeat(100_000) });
  id = (await service.save(Readable.from([zip]))).id;
  const app = express();
  app.use(express.json());
  app.use('/internal/assets', assetApi(store.assets));
  const answer: express.ErrorRequestHandler = (error: { status?: number }, _request, response, _next) => {
    response.status(error.status ?? 500).json({});
  };
  app.use(answer);
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  master = new MasterClient({
    master: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    port: 0,
  });
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await store.close();
  rmSync(root, { recursive: true });
});

it('fetches assets from a master, and hears which it still has', async () => {
  const cache = new AssetCache({ assetsDir: join(root, 'node') }, master, logger);
  await cache.ensure([id]);
  expect(existsSync(join(root, 'node', id, 'index.js'))).toBe(true);
  await expect(cache.ensure(['f'.repeat(40)])).rejects.toThrow(AssetGone);
  expect(await master.keptAssets([id, 'f'.repeat(40)])).toEqual([id]);
});

it('tries again where no master answers', async () => {
  const nobody = new MasterClient({ master: 'http://127.0.0.1:9', port: 0 });
  const cache = new AssetCache({ assetsDir: join(root, 'lonely') }, nobody, logger);
  await expect(cache.ensure([id])).rejects.not.toBeInstanceOf(AssetGone);
});

it('gives up an execution whose assets are gone', async () => {
  const execution = makeExecution({ assets: ['f'.repeat(40)] });
  const documents = { execution: async () => execution } as unknown as MasterClient;
  const cache = new AssetCache({ assetsDir: join(root, 'gone') }, master, logger);
  const pool = new HostPool(
    { dataDir: join(root, 'gone') } as Settings,
    readFoundation(undefined),
    documents,
    cache,
    logger,
    () => undefined,
    () => undefined,
  );
  const assignment = {
    host_id: 'one',
    ex_id: execution.ex_id,
    kind: 'slicer',
    epoch: 1,
    draining: false,
  } as const;
  await until(() => {
    pool.apply([assignment]);
    return (pool.hopeless()[0]?.count ?? 0) >= 3;
  });
  expect(pool.hopeless()).toEqual([
    { ex_id: execution.ex_id, count: 3, reason: `Unable to find asset ${'f'.repeat(40)}` },
  ]);
  expect(pool.all()).toEqual([]);
});

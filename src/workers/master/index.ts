import { createServer } from 'node:http';
import { once } from 'node:events';
import { Router } from 'express';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { masterActivities } from '../../activities/records.js';
import { findSlicer } from '../../activities/find-slicer.js';
import { createApi } from '../../api/index.js';
import { AssetService } from '../../api/services/assets.js';
import { createLogger } from '../../logger.js';
import { prepareFoundation } from '../../operations/connectors/prepare.js';
import { createValidator } from '../../operations/validate.js';
import type { Settings } from '../../settings.js';
import { openStore } from '../../store/index.js';
import { VERSION } from '../../version.js';
import { ConfigurationError } from '../configuration-error.js';
import { addressOf, firstContact, namespaceContact } from '../first-contact.js';
import { dataConverter } from '../payload-codec.js';
import { Placement } from '../placement/placement.js';
import { installRuntime } from '../runtime.js';
import { AssetKeeper } from './asset-keeper.js';
import { codecApi } from './codec-api.js';
import { CountersSink } from './counters-sink.js';
import { TemporalEngine } from './engine.js';
import { internalApi } from './internal-api.js';
import { LeaseHalts } from './lease-halts.js';
import { maintenanceApi } from './maintenance-api.js';
import { Purger } from './purger.js';
import { Reconciler } from './reconciler.js';
import { registerSearchAttributes } from './search-attributes.js';
import { createWorkers } from './task-workers.js';

/**
 * How long an idle connection is kept, in ms: longer than clients and load balancers do. If the server closes first, a request
 * that was just sent on it fails, and clients do not repeat a POST.
 */
const KEEP_ALIVE_MS = 65_000;

/** A master: REST API, workflows, the activities that touch the store, placement, reconciliation. */
export async function runMaster(
  settings: Settings,
  temporalUp: Promise<unknown>,
): Promise<{ stop(): Promise<void> }> {
  const logger = createLogger('master', { level: settings.logLevel });
  installRuntime(logger);
  const address = settings.temporal ?? '';
  const foundation = await prepareFoundation(settings, (message) => logger.warn(message));
  const { dataDir, store: url } = settings;
  const store = url
    ? await firstContact(`the store at ${addressOf(url)}`, () => openStore({ dataDir, url }), logger)
    : await openStore({ dataDir });
  store.failed.catch((error: unknown) => {
    // What was acknowledged is in the files; the next master, in this one's place, finds it there.
    logger.fatal({ err: error }, 'the embedded store does not answer any more');
    process.exit(1);
  });
  await temporalUp;
  const temporal = `Temporal at ${address}`;
  const connection = await firstContact(temporal, () => Connection.connect({ address }), logger);
  await namespaceContact(connection, settings.namespace, temporal, logger);
  const workerConnection = await firstContact(temporal, () => NativeConnection.connect({ address }), logger);
  const client = new Client({ connection, namespace: settings.namespace, dataConverter });

  const placement = new Placement(store, settings.fenceTimeout, logger);
  const searchAttributes = await registerSearchAttributes(connection, settings.namespace, logger);
  const placementChanged = (): void => {
    placement.kick();
    // What is to end at once is in the store already.
    placement.changed();
  };
  const engine = new TemporalEngine(client, store, searchAttributes, placementChanged, logger);
  const reconciler = new Reconciler(store, engine, logger);
  const purger = new Purger(store, settings.keepExecutions, logger);
  const counters = new CountersSink(store, logger);
  const halts = new LeaseHalts(() => placement.changed());
  const validator = createValidator(settings, { foundation, logger });
  const assets = new AssetService(store.assets, settings.assetsDir, settings.maxAssetBytes, logger);
  const keeper = new AssetKeeper(store.assets, assets, logger);
  const workers = await createWorkers({
    connection: workerConnection,
    namespace: settings.namespace,
    activities: masterActivities({ store, placement, fenceTimeout: settings.fenceTimeout }),
    waiting: { findSlicer: findSlicer(store, placement) },
    sinks: { ...counters.sinks, ...halts.sinks },
  });
  const working = workers.run();
  let stopping = false;

  await keeper.start(settings.autoloadDir);
  const api = createApi({
    store,
    engine,
    validator,
    assets,
    settings,
    logger,
    version: VERSION,
    internal: Router().use(
      internalApi({
        store,
        placement,
        halts,
        hostsFailed: (exId, reason) => engine.hostsFailed(exId, reason),
        logger,
      }),
      maintenanceApi({ store, validator, assets, purger }),
    ),
    codec: codecApi(),
    health: async () => ({ temporal: await temporalHealth(connection) }),
  });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, api);
  server.listen(settings.port, settings.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new ConfigurationError(
      `port ${settings.port} is taken: choose another with --port or TEMPOSLICE_PORT`,
    );
  }
  placement.start();
  reconciler.start();
  purger.start();
  logger.info({ port: settings.port, host: settings.host, temporal: address }, 'master started');
  working.catch((error: unknown) => {
    // A task that hangs while it stops: it begins anew at the next master.
    if (stopping) return;
    logger.fatal({ err: error }, 'the workflow worker failed');
    process.exit(1);
  });

  return {
    async stop() {
      stopping = true;
      logger.info('master stops');
      server.close();
      server.closeIdleConnections();
      engine.stop();
      placement.stop();
      await Promise.all([reconciler.stop(), purger.stop(), keeper.stop()]);
      workers.shutdown();
      await working.catch((error: unknown) => logger.warn({ err: error }, 'a workflow task was cut short'));
      server.closeAllConnections();
      await counters.stop();
      await validator.close();
      await Promise.all([connection.close(), workerConnection.close()]);
      await store.close();
      logger.info('master stopped');
    },
  };
}

async function temporalHealth(connection: Connection): Promise<string | null> {
  try {
    await connection.withDeadline(Date.now() + 2_000, () => connection.workflowService.getSystemInfo({}));
    return null;
  } catch (error) {
    return `Temporal cannot be reached: ${(error as Error).message}`;
  }
}

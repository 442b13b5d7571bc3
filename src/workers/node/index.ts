import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { NativeConnection, type ActivitySlotInfo } from '@temporalio/worker';
import { collectSlice, processSlices } from '../../activities/slices.js';
import { createSlices } from '../../activities/slicer.js';
import { createLogger } from '../../logger.js';
import { makeDirectory } from '../../make-directory.js';
import { prepareFoundation } from '../../operations/connectors/prepare.js';
import type { Settings } from '../../settings.js';
import { VERSION } from '../../version.js';
import { leaseTaskQueue, nodeTaskQueue, slicerTaskQueue } from '../../workflows/types.js';
import { EXIT_CONFIGURATION } from '../configuration-error.js';
import { firstContact, namespaceContact } from '../first-contact.js';
import { installRuntime } from '../runtime.js';
import { CountedSlots } from '../slots.js';
import { AssetCache } from './asset-cache.js';
import { endHostsOfClosed } from './closed-executions.js';
import { Fence } from './fence.js';
import { HostPool } from './host-pool.js';
import { LeaseHeartbeats } from './lease-heartbeats.js';
import { leaseCapacity } from './lease-slots.js';
import { MasterClient, type HostAssignment } from './master-client.js';
import { KeptOutcomes } from './kept-outcomes.js';
import { serveMetrics } from './metrics-server.js';
import { Presence } from './presence.js';
import { TaskWorkers } from './task-workers.js';
import { WaitingLeases } from './waiting-leases.js';

/** Concurrent calls for slices that outlasted their lease. */
const COLLECT_SLOTS = 1_000;
/** A slicer gets one call at a time; the rest is room for calls whose caller has let go. */
const SLICER_SLOTS = 4;

/**
 * A node: it hosts what a master wants of it and polls Temporal for the work of its hosts. No user code
 * runs in this process.
 */
export async function runNode(
  settings: Settings,
  mastersUp: Promise<unknown>,
): Promise<{ stop(): Promise<void> }> {
  const incarnation = randomUUID();
  const logger = createLogger('node', { level: settings.logLevel, fields: { node_id: settings.nodeId } });
  installRuntime(logger);
  // Hosts note their progress in files there, and log.
  makeDirectory(resolve(settings.dataDir));
  const foundation = await prepareFoundation(settings, (message) => logger.warn(message));
  const address = settings.temporal ?? '';
  await mastersUp;
  const temporal = `Temporal at ${address}`;
  const connection = await firstContact(temporal, () => NativeConnection.connect({ address }), logger);
  await namespaceContact(connection, settings.namespace, temporal, logger);
  const master = new MasterClient(settings);
  const assets = new AssetCache(settings, master, logger);
  const slots = new Map<string, CountedSlots<ActivitySlotInfo>>();
  let assignments: HostAssignment[] = [];
  let stopping = false;

  const leasesChanged = (): void => {
    // Before a lease is answered that a slice outlasts: the answer names its host.
    kept.remember(hosts.all());
    leases.changed();
    for (const supplier of slots.values()) supplier.changed();
  };
  const hostsChanged = (): void => {
    leasesChanged();
    syncQueues();
    presence.changed();
  };
  // Who is busy is told with the next presence: with thousands of leases a minute it is no news.
  const hosts = new HostPool(settings, foundation, master, assets, logger, hostsChanged, leasesChanged);
  const leases = new WaitingLeases((exId) => hosts.workers(exId));
  const heartbeats = new LeaseHeartbeats();
  const kept = new KeptOutcomes();
  const fence = new Fence(connection, settings.fenceTimeout, (state) => {
    presence.fence(state);
    if (state !== 'fenced') return;
    logger.warn('cut off from Temporal: worker hosts end');
    hosts.killAll('its node was cut off from Temporal', (host) => host.kind === 'worker');
  });
  const queues = new TaskWorkers(connection, settings.namespace, `${settings.nodeId}/${process.pid}`, logger);
  const presence = new Presence(
    master,
    {
      node_id: settings.nodeId,
      incarnation,
      hostname: hostname(),
      pid: process.pid,
      slots: settings.slots,
      node_version: process.version,
      version: VERSION,
      draining: false,
    },
    {
      reports: () => ({ hosts: hosts.reports(), hopeless: hosts.hopeless() }),
      answered(response) {
        ({ assignments } = response);
        for (const [exId, lease] of Object.entries(response.cancelled)) heartbeats.halt(exId, lease);
        hosts.acknowledged(response.acknowledged);
        hosts.apply(assignments);
        const executions = new Set(assignments.map(({ ex_id }) => ex_id));
        kept.forgetExcept(executions);
        master.forgetExecutions(executions);
        syncQueues();
      },
      replaced(error) {
        // At once, hosts and all: what they hold is placed anew, and the other node polls the same queues.
        logger.fatal(error.message);
        process.exit(EXIT_CONFIGURATION);
      },
      abandoned: () => void endHostsOfClosed(connection, settings.namespace, hosts, logger),
    },
    settings.fenceTimeout,
    logger,
  );

  const sliceNode = {
    incarnation,
    connected: () => fence.connected(),
    heartbeats,
    leases,
    slicer: (exId: string) => hosts.slicer(exId),
    outcomes: (hostId: string) => kept.of(hostId),
    writePage: master.writePage.bind(master),
  };

  /** Polls for what is hosted here, and for nothing else. */
  function syncQueues(): void {
    // The last presence is answered while the queues close.
    if (stopping) return;
    const wanted = new Set<string>([nodeTaskQueue(incarnation)]);
    for (const host of hosts.all()) {
      if (host.kind === 'worker' && host.counts) wanted.add(leaseTaskQueue(host.exId));
    }
    for (const { kind, ex_id, epoch, draining } of assignments) {
      if (kind === 'slicer' && !draining && hosts.slicer(ex_id)) wanted.add(slicerTaskQueue(ex_id, epoch));
    }
    // A worker whose hosts are just being replaced keeps its queue: opening one costs more.
    const assigned = new Set(
      assignments.filter((a) => !a.draining && a.kind === 'worker').map((a) => a.ex_id),
    );
    for (const queue of queues.queues()) {
      if (!wanted.has(queue) && !assigned.has(queue)) {
        slots.delete(queue);
        void queues.close(queue);
      }
    }
    for (const queue of wanted) if (!queues.has(queue)) open(queue);
  }

  function open(queue: string): void {
    if (queue === nodeTaskQueue(incarnation)) {
      const activities = { collectSlice: collectSlice(sliceNode) };
      queues.open(queue, { activities, slots: COLLECT_SLOTS, pollers: 2 });
    } else if (queue.includes('/slicer/')) {
      const activities = { createSlices: createSlices(sliceNode) };
      queues.open(queue, { activities, slots: SLICER_SLOTS, pollers: 2 });
    } else {
      const supplier = new CountedSlots<ActivitySlotInfo>(() => leaseCapacity(hosts.workers(queue)));
      slots.set(queue, supplier);
      const activities = { processSlices: processSlices(sliceNode) };
      queues.open(queue, { activities, slots: supplier, pollers: settings.slots });
    }
  }

  const metrics =
    settings.metricsPort === undefined
      ? undefined
      : await serveMetrics({ port: settings.metricsPort, host: settings.host }, () => hosts.all(), logger);
  assets.start();
  fence.start();
  syncQueues();
  presence.start();
  logger.info({ slots: settings.slots, temporal: settings.temporal }, 'node started');

  return {
    async stop() {
      logger.info('node stops: hosts finish the slice at hand');
      presence.drain();
      await hosts.drainAll();
      stopping = true;
      await Promise.all([presence.stop(), queues.closeAll()]);
      await assets.stop();
      fence.stop();
      await metrics?.close();
      await connection.close();
      logger.info('node stopped');
    },
  };
}

import { createHash } from 'node:crypto';
import express, { Router } from 'express';
import { notTooDeep } from '../../api/http/bodies.js';
import { CodedError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { HostRow, Store } from '../../store/types.js';
import { withoutStack } from '../../without-stack.js';
import type { HostAssignment, HostReport, PresenceResponse } from '../node/master-client.js';
import type { Placement } from '../placement/placement.js';
import { assetApi } from './asset-api.js';
import type { LeaseHalts } from './lease-halts.js';
import { metadataPatch, presenceRequest, readBody, slicePage } from './node-requests.js';

/** Hosts of an execution that die in a row before they are ready, after which the execution is given up. */
const HOPELESS_AFTER = 3;
/** Pause before an execution is told again, in ms. */
const TELL_AGAIN_MS = 60_000;
/** Longest a presence is held, in ms. */
const MAX_WAIT_MS = 1_000;
/** How often a held presence looks into a shared store, for changes that another master made, in ms. */
const LOOK_MS = 250;

type Orders = Pick<PresenceResponse, 'assignments' | 'cancelled'>;

interface Dependencies {
  store: Store;
  placement: Placement;
  halts: Pick<LeaseHalts, 'of'>;
  /** Ends an execution whose hosts cannot be started. */
  hostsFailed(exId: string, reason: string): Promise<void>;
  logger: Logger;
}

/** Endpoints for nodes: presence, execution documents, metadata, pages of slices, assets. */
export function internalApi({ store, placement, halts, hostsFailed, logger }: Dependencies): Router {
  /** When executions were told that their hosts fail, of late. */
  const told = new Map<string, number>();
  const router = Router();
  router.use(express.json({ limit: '20mb', strict: false }), notTooDeep);

  router.post('/presence', async (request, response) => {
    const presence = readBody(presenceRequest, request.body);
    const { node } = presence;
    const isNew = await store.placement.presence({ ...node, seen: new Date().toISOString() });
    const known = await store.placement.liveHosts({ node_id: node.node_id });
    const { changed, returned } = await record(store, presence.hosts, known);
    if (isNew || changed) {
      placement.kick();
      placement.changed();
    }
    for (const [exId, at] of told) if (Date.now() - at > TELL_AGAIN_MS) told.delete(exId);
    for (const { ex_id, count, reason } of presence.hopeless) {
      if (count >= HOPELESS_AFTER && !told.has(ex_id)) {
        told.set(ex_id, Date.now());
        // On another node they can.
        const hosts = await store.placement.liveHosts({ ex_id });
        if (hosts.some(({ kind, state }) => kind === 'worker' && state === 'live')) continue;
        await hostsFailed(ex_id, `the operations cannot be started: ${withoutStack(reason)}`).catch(
          (error: unknown) => {
            logger.warn({ err: error, ex_id }, 'an execution whose hosts fail could not be told');
          },
        );
      }
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const deadline = Date.now() + Math.min(presence.wait, MAX_WAIT_MS);
    const longest = store.shared ? LOOK_MS : MAX_WAIT_MS;
    const look = async (): Promise<Orders> => {
      const assignments = [...(await store.placement.liveHosts({ node_id: node.node_id })), ...returned]
        .filter((host) => host.incarnation === node.incarnation)
        .map(assignmentOf);
      return { assignments, cancelled: halts.of(assignments.map(({ ex_id }) => ex_id)) };
    };
    let orders = await look();
    while (versionOf(orders) === presence.known && Date.now() < deadline && !gone.signal.aborted) {
      await placement.nextChange(Math.max(1, Math.min(longest, deadline - Date.now())), gone.signal);
      orders = await look();
    }
    response.json({
      ...orders,
      acknowledged: presence.hosts.filter(({ state }) => state === 'ended').map(({ host_id }) => host_id),
      version: versionOf(orders),
    } satisfies PresenceResponse);
  });

  router.get('/executions/:exId', async (request, response) => {
    const row = await store.executions.get(request.params.exId);
    if (!row) throw new CodedError('EX_NOT_FOUND', { ex_id: request.params.exId });
    response.json(row.doc);
  });

  router.post('/executions/:exId/metadata', async (request, response) => {
    await store.executions.setMetadata(request.params.exId, readBody(metadataPatch, request.body));
    response.json({});
  });

  router.post('/executions/:exId/pages/:page', async (request, response) => {
    const { exId, page } = request.params;
    await store.pages.writePage(exId, page, readBody(slicePage, request.body));
    response.json({});
  });
  router.use('/assets', assetApi(store.assets));
  return router;
}

/**
 * Writes what changed of a node's hosts. `returned` are those that were given up because the node was silent, and are
 * there after all.
 */
async function record(
  store: Store,
  reports: HostReport[],
  known: HostRow[],
): Promise<{ changed: boolean; returned: HostRow[] }> {
  const rows = new Map(known.map((row) => [row.host_id, row]));
  let changed = false;
  const busier: HostReport[] = [];
  const unknown: string[] = [];
  for (const report of reports) {
    const { host_id, state, busy, outcome, reason = null } = report;
    const row = rows.get(host_id);
    if (row) {
      const recoverable = report.recoverable ?? row.recoverable;
      const pid = report.pid ?? row.pid;
      const news = row.state !== state || row.recoverable !== recoverable;
      if (!news && row.pid === pid) {
        if (row.busy !== busy) busier.push(report);
        continue;
      }
      const end = outcome ? { outcome, reason } : {};
      if (await store.placement.updateHost(host_id, { state, busy, recoverable, pid, ...end })) {
        changed ||= news;
        continue;
      }
    }
    // Its end is recorded already; of one that was given up it says more than that.
    if (!outcome) unknown.push(host_id);
    else if (await store.placement.settleSilent(host_id, { outcome, reason })) changed = true;
  }
  // Who is busy changes all the time, and nothing is placed by it.
  await store.placement.setBusy(busier);
  const returned = unknown.length > 0 ? await store.placement.stillAlive(unknown) : [];
  // The same ones are the same version, in whatever order the store has them.
  returned.sort((one, other) => (one.host_id < other.host_id ? -1 : 1));
  return { changed, returned };
}

/** Whoever was given up has been replaced: all that is left for it to do is to end. */
const assignmentOf = ({ host_id, ex_id, kind, epoch, ...host }: HostRow): HostAssignment => ({
  ...{ host_id, ex_id, kind, epoch },
  draining: host.draining || host.state === 'ended',
  forced: host.forced ?? false,
});

const versionOf = (orders: Orders): string =>
  createHash('sha1').update(JSON.stringify(orders)).digest('base64');

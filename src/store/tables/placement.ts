import { sql } from 'kysely';
import type { Database } from '../schema.js';
import type { PlacementStore, PlacementTables } from '../types.js';
import {
  forceHosts,
  insertHosts,
  lastEpoch,
  selectHost,
  selectHostsOf,
  selectLiveHosts,
  setBusy,
  settleSilent,
  stillAlive,
  updateHost,
  workerNumbers,
} from './hosts.js';
import { deleteNode, recordPresence, selectNodes } from './nodes.js';

/** Key of the advisory lock that masters take turns with; any constant that nobody else uses. */
const PLACEMENT_LOCK = 5678_0001;

const placementTables = (db: Database): PlacementTables => ({
  nodes: () => selectNodes(db),
  liveHosts: () => selectLiveHosts(db),
  active: () =>
    db
      .selectFrom('executions')
      .select(['ex_id', '_status as status', 'workers_wanted'])
      .where(sql<boolean>`not terminal`)
      .orderBy('_created')
      .orderBy('number')
      .execute(),
  insertHosts: (hosts) => insertHosts(db, hosts),
  updateHost: (hostId, patch) => updateHost(db, hostId, patch),
  lastEpoch: (exId) => lastEpoch(db, exId),
});

export function placementStore(db: Database): PlacementStore {
  return {
    presence: (node) => recordPresence(db, node),
    nodes: () => selectNodes(db),
    removeNode: (node) => deleteNode(db, node),
    liveHosts: (filter) => selectLiveHosts(db, filter),
    hostsOf: (exId) => selectHostsOf(db, exId),
    host: (hostId) => selectHost(db, hostId),
    workerNumbers: (exIds) => workerNumbers(db, exIds),
    updateHost: (hostId, patch) => updateHost(db, hostId, patch),
    settleSilent: (hostId, end) => settleSilent(db, hostId, end),
    stillAlive: (hostIds) => stillAlive(db, hostIds),
    setBusy: (hosts) => setBusy(db, hosts),
    force: (exId) => forceHosts(db, exId),
    exclusively: (work) =>
      db.transaction().execute(async (trx) => {
        await sql`select pg_advisory_xact_lock(${PLACEMENT_LOCK}::bigint)`.execute(trx);
        return work(placementTables(trx));
      }),
  };
}

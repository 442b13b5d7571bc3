import { sql } from 'kysely';
import type { Database } from '../schema.js';
import type { HostRow, WorkerNumbers } from '../types.js';
import { batches } from './batches.js';

/** What a row takes of a statement, about. */
const HOST_BYTES = 512;

/** Hosts not ended, oldest first. */
export function selectLiveHosts(
  db: Database,
  filter: { ex_id?: string; node_id?: string } = {},
): Promise<HostRow[]> {
  let rows = db.selectFrom('hosts').selectAll().where('state', '!=', 'ended');
  if (filter.ex_id !== undefined) rows = rows.where('ex_id', '=', filter.ex_id);
  if (filter.node_id !== undefined) rows = rows.where('node_id', '=', filter.node_id);
  return rows.orderBy('created').orderBy('host_id').execute();
}

export const selectHostsOf = (db: Database, exId: string): Promise<HostRow[]> =>
  db
    .selectFrom('hosts')
    .selectAll()
    .where('ex_id', '=', exId)
    .orderBy('created')
    .orderBy('host_id')
    .execute();

export const selectHost = (db: Database, hostId: string): Promise<HostRow | undefined> =>
  db.selectFrom('hosts').selectAll().where('host_id', '=', hostId).executeTakeFirst();

export async function insertHosts(db: Database, hosts: HostRow[]): Promise<void> {
  for await (const batch of batches(hosts, () => HOST_BYTES)) {
    await db.insertInto('hosts').values(batch).execute();
  }
}

/** An ended host stays as it is: whoever was overtaken by its end, with a report or a plan, changes nothing. */
export async function updateHost(db: Database, hostId: string, patch: Partial<HostRow>): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('hosts')
    .set({ updated: new Date().toISOString(), ...patch })
    .where('host_id', '=', hostId)
    .where('state', '!=', 'ended')
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export async function settleSilent(
  db: Database,
  hostId: string,
  end: Pick<HostRow, 'outcome' | 'reason'>,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('hosts')
    .set({ updated: new Date().toISOString(), ...end })
    .where('host_id', '=', hostId)
    .where('outcome', '=', 'silent')
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export const stillAlive = (db: Database, hostIds: string[]): Promise<HostRow[]> =>
  db
    .updateTable('hosts')
    .set({ updated: new Date().toISOString() })
    .where('host_id', 'in', hostIds)
    .where('outcome', '=', 'silent')
    .returningAll()
    .execute();

/** Ended hosts are left as they are. */
export async function setBusy(
  db: Database,
  hosts: ReadonlyArray<Pick<HostRow, 'host_id' | 'busy'>>,
): Promise<void> {
  if (hosts.length === 0) return;
  const busy = hosts.filter((host) => host.busy).map(({ host_id }) => host_id);
  await db
    .updateTable('hosts')
    .set({ updated: new Date().toISOString(), busy: sql<boolean>`host_id = any(${busy}::text[])` })
    .where(
      'host_id',
      'in',
      hosts.map(({ host_id }) => host_id),
    )
    .where('state', '!=', 'ended')
    .execute();
}

/** `updated` stays: of a host that was given up for silence it says since when nobody has heard of it. */
export async function forceHosts(db: Database, exId: string): Promise<void> {
  await db
    .updateTable('hosts')
    .set({ draining: true, forced: true })
    .where('ex_id', '=', exId)
    .where((row) => row.or([row('state', '!=', 'ended'), row('outcome', '=', 'silent')]))
    .execute();
}

/** Highest epoch a slicer of the execution ever had; 0 if it had none. */
export async function lastEpoch(db: Database, exId: string): Promise<number> {
  const { epoch } = await db
    .selectFrom('hosts')
    .select(({ fn }) => fn.max('epoch').as('epoch'))
    .where('ex_id', '=', exId)
    .where('kind', '=', 'slicer')
    .executeTakeFirstOrThrow();
  return epoch ?? 0;
}

/** Counts the workers of executions: those there ever were, those that were lost, those that live. */
export async function workerNumbers(db: Database, exIds: string[]): Promise<Map<string, WorkerNumbers>> {
  if (exIds.length === 0) return new Map();
  const count = (condition: string) => sql<number>`(count(*) filter (where ${sql.raw(condition)}))::integer`;
  const rows = await db
    .selectFrom('hosts')
    .select([
      'ex_id',
      count('pid is not null').as('workers_joined'),
      count("pid is not null and outcome in ('lost', 'silent')").as('workers_disconnected'),
      count("state = 'live' and busy").as('workers_active'),
      count("state = 'live' and not busy").as('workers_available'),
    ])
    .where('kind', '=', 'worker')
    .where('ex_id', 'in', exIds)
    .groupBy('ex_id')
    .execute();
  return new Map(rows.map(({ ex_id, ...numbers }) => [ex_id, numbers]));
}

import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../schema.js';

/** What hangs on an execution, beside its own three rows. */
const DEPENDENT_TABLES = ['failed_slices', 'recovered_slices', 'slice_pages', 'hosts', 'audit'] as const;
/** Rows that one statement deletes: the embedded store has one session, which others wait for. */
const ROWS_AT_ONCE = 5_000;

/**
 * Deletes executions that have not changed since `before`, at most `limit` of them, oldest first. Kept are:
 * those that are not terminal or have a host that lives; what an active execution recovers from; the latest execution
 * of each job that is not deleted, since the job's status, recovery and `autorecover` start from it.
 *
 * The rows go first, all or nothing: from then on nobody can recover from them. What hangs on them follows in small
 * statements; what a crash leaves of that, the next call removes.
 * @returns how many were deleted
 */
export async function purgeExecutions(db: Database, before: string, limit: number): Promise<number> {
  const purged = await db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ ex_id: string }>`
      delete from executions where ex_id in (
        select ex_id from executions e
        where terminal and _updated < ${before}::timestamptz
          and not exists (select from executions a where not a.terminal and a.recovered_execution = e.ex_id)
          and not exists (select from hosts h where h.ex_id = e.ex_id and h.state <> 'ended')
          and (
            exists (
              select from executions l
              where l.job_id = e.job_id and (l._created, l.number) > (e._created, e.number)
            )
            or not exists (select from jobs j where j.job_id = e.job_id and j._deleted is not true)
          )
        order by _updated limit ${limit}
        for update skip locked
      )
      returning ex_id
    `.execute(trx);
    const ids = rows.map(({ ex_id: id }) => id);
    await sql`delete from execution_states where ex_id = any(${ids}::text[])`.execute(trx);
    await sql`delete from execution_specs where ex_id = any(${ids}::text[])`.execute(trx);
    return ids;
  });
  for (const table of DEPENDENT_TABLES) await deleteOf(db, table, purged);
  return purged.length;
}

/**
 * Removes what an interrupted purge left, and entries of the audit from before `before` that no execution takes along.
 * Slices that are just being staged for a new execution are not touched.
 */
export async function sweepPurged(db: Database, before: string): Promise<void> {
  const left = new Set<string>();
  for (const table of DEPENDENT_TABLES.filter((name) => name !== 'recovered_slices')) {
    const { rows } = await sql<{ ex_id: string }>`
      select distinct ex_id from ${sql.table(table)} t
      where ex_id is not null and not exists (select from executions e where e.ex_id = t.ex_id)
    `.execute(db);
    for (const { ex_id: id } of rows) left.add(id);
  }
  for (const table of DEPENDENT_TABLES) await deleteOf(db, table, [...left]);
  await deleteWhere(db, 'audit', sql`ex_id is null and at < ${before}::timestamptz`);
}

async function deleteOf(
  db: Database,
  table: (typeof DEPENDENT_TABLES)[number],
  ids: string[],
): Promise<void> {
  if (ids.length > 0) await deleteWhere(db, table, sql`ex_id = any(${ids}::text[])`);
}

async function deleteWhere(
  db: Database,
  table: (typeof DEPENDENT_TABLES)[number],
  condition: RawBuilder<unknown>,
): Promise<void> {
  for (;;) {
    const { numAffectedRows = 0n } = await sql`
      delete from ${sql.table(table)} where ctid = any(array(
        select ctid from ${sql.table(table)} where ${condition} limit ${ROWS_AT_ONCE}
      ))
    `.execute(db);
    if (numAffectedRows < ROWS_AT_ONCE) return;
  }
}

import { type Kysely, type Migration, sql } from 'kysely';

/**
 * What it takes to recover an execution again, and to replay failed slices into a running one: where a
 * slice went, and which slices an execution was given after it was inserted.
 */
export const recovery: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of [
      sql`alter table failed_slices add column replay_position integer, add column recovered_by text collate "C"`,
      sql`alter table recovered_slices add column replay_id text collate "C"`,
      sql`create index recovered_slices_slice on recovered_slices (slice_id)`,
      sql`create index recovered_slices_replay on recovered_slices (ex_id, replay_id) where replay_id is not null`,
      sql`alter table executions add column recovered_at_insert integer not null default 0`,
      sql`update executions set recovered_at_insert = recovered_total where recovered_total > 0`,
      sql`create index executions_recovered on executions (recovered_execution) where recovered_execution is not null`,
    ]) {
      await statement.execute(db);
    }
  },
};

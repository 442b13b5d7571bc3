import { type Migration, sql } from 'kysely';

/** Whether nodes reach Temporal. */
export const nodeFences: Migration = {
  async up(db) {
    await sql`alter table nodes add column fence text collate "C" not null default 'connected'`.execute(db);
  },
};

import { type Migration, sql } from 'kysely';

/** Earlier starts of a node, which must not take its place again. */
export const supersededNodes: Migration = {
  async up(db) {
    await sql`alter table nodes add column superseded text[] collate "C" not null default '{}'`.execute(db);
  },
};

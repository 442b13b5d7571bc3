import { type Migration, sql } from 'kysely';

/** Hosts that are to end at once, without finishing what they run. */
export const forcedHosts: Migration = {
  async up(db) {
    await sql`alter table hosts add column forced boolean not null default false`.execute(db);
  },
};

import { sql, type Migration } from 'kysely';

/**
 * Bundles in the store: their bytes in chunks, referred to by `assets.location`, and the mark of an asset that
 * was deleted while executions may still need its bytes.
 */
export const assets: Migration = {
  async up(db) {
    const statements = [
      'alter table assets alter column node_version type integer using node_version::integer',
      'alter table assets add column deleted timestamptz',
      // No two assets that a job could not tell apart; what was deleted does not count.
      `create unique index assets_one_of_each on assets
        (name, version, coalesce(node_version, 0), coalesce(platform, ''), coalesce(arch, ''))
        where deleted is null`,
      `create table asset_chunks (
        location text collate "C", position integer, data bytea not null,
        staged timestamptz not null default now(), primary key (location, position)
      )`,
      // Zip files do not get smaller.
      'alter table asset_chunks alter column data set storage external',
      'create table autoloaded_assets (id text collate "C" primary key, at timestamptz not null default now())',
    ];
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};

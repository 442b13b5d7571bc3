import { sql } from 'kysely';
import { CodedError } from '../../errors.js';
import { ASSET_FIELDS, paging } from '../fields.js';
import type { Database } from '../schema.js';
import type { AssetRecord, AssetStore, StoredAsset } from '../types.js';
import { discardChunks, readChunks, stageChunks, sweepChunks, UPLOAD_MINUTES } from './asset-chunks.js';
import { orderBy } from './order.js';

const COLUMNS = [
  ...(['_created', 'name', 'version', 'description', 'node_version', 'platform', 'arch', 'id'] as const),
];

/** What two assets must differ in. Absent: a wildcard. */
const DISTINCTION = ['arch', 'name', 'node_version', 'platform', 'version'] as const;

type Row = { [K in keyof Required<AssetRecord>]: Required<AssetRecord>[K] | null };

const toRecord = (row: Row): AssetRecord =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as AssetRecord;

const alreadyExists = (asset: AssetRecord): CodedError => {
  const given = DISTINCTION.filter((field) => asset[field] !== undefined);
  const shown = given.map((field) => `${field}:"${asset[field]}"`).join(' AND ');
  return new CodedError('ASSET_EXISTS', { asset: shown });
};

/** Whether there is another asset with the same values in all that this one says of itself. */
async function hasTwin(db: Database, asset: AssetRecord): Promise<boolean> {
  let twins = db.selectFrom('assets').select('id').where('deleted', 'is', null).where('id', '!=', asset.id);
  for (const field of DISTINCTION) {
    const value = asset[field];
    if (value !== undefined) twins = twins.where(field, '=', value);
  }
  return (await twins.executeTakeFirst()) !== undefined;
}

const isTwinConflict = (error: unknown): boolean =>
  error instanceof Error && 'constraint' in error && error.constraint === 'assets_one_of_each';

/** @returns false if it is there already */
async function insertAsset(db: Database, asset: StoredAsset): Promise<boolean> {
  if (await hasTwin(db, asset)) throw alreadyExists(asset);
  const { id, ...values } = {
    ...{ description: null, node_version: null, platform: null, arch: null, deleted: null },
    ...asset,
  };
  try {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('assets')
      .values({ id, ...values })
      // Deleted, with its bytes kept for those that run it: it is back.
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet(values).where('assets.deleted', 'is not', null),
      )
      .executeTakeFirst();
    return (numInsertedOrUpdatedRows ?? 0n) > 0n;
  } catch (error) {
    throw isTwinConflict(error) ? alreadyExists(asset) : error;
  }
}

export function assetStore(db: Database): AssetStore {
  const present = () => db.selectFrom('assets').select(COLUMNS).where('deleted', 'is', null);
  return {
    stage: (bytes) => stageChunks(db, bytes),
    discard: (location) => discardChunks(db, location),
    insert: (asset) => insertAsset(db, asset),

    async get(id) {
      const row = await present().where('id', '=', id).executeTakeFirst();
      return row && toRecord(row);
    },

    async named(name) {
      const rows = await present()
        .where('name', '=', name)
        .orderBy('_created', 'desc')
        .orderBy('id')
        .execute();
      return rows.map(toRecord);
    },

    async list({ name, versions, ...query }) {
      const page = paging({ ...query, sort: query.sort ?? '_created:desc' }, ASSET_FIELDS);
      let rows = present();
      if (name !== undefined) rows = rows.where('name', '=', name);
      if (versions !== undefined) rows = rows.where('version', '=', sql<string>`any(${versions}::text[])`);
      const found = await rows
        .orderBy(page.field, orderBy(page))
        .orderBy('id')
        .limit(page.size)
        .offset(page.from)
        .execute();
      return found.map(toRecord);
    },

    async remove(id) {
      const { numUpdatedRows } = await db
        .updateTable('assets')
        .set({ deleted: sql<string>`now()` })
        .where('id', '=', id)
        .where('deleted', 'is', null)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async read(id) {
      const row = await db
        .selectFrom('assets')
        .select(['size', 'location'])
        .where('id', '=', id)
        .executeTakeFirst();
      return row && { size: row.size, bytes: readChunks(db, row.location) };
    },

    async kept(ids) {
      const rows = await db
        .selectFrom('assets')
        .select('id')
        .where('id', '=', sql<string>`any(${ids}::text[])`)
        .execute();
      return rows.map(({ id }) => id);
    },

    async purge(grace) {
      const { rows } = await sql<{ id: string }>`
        with gone as (
          delete from assets a
          where deleted < now() - ${grace} * interval '1 millisecond' and not exists (
            select from executions e where not e.terminal and a.id = any(e.assets)
          )
          returning id, location
        ), chunks as (
          delete from asset_chunks using gone where asset_chunks.location = gone.location
        )
        select id from gone
      `.execute(db);
      await sweepChunks(db, UPLOAD_MINUTES);
      return rows.map(({ id }) => id);
    },

    async wasAutoloaded(id) {
      const row = await db
        .selectFrom('autoloaded_assets')
        .select('id')
        .where('id', '=', id)
        .executeTakeFirst();
      return row !== undefined;
    },

    async setAutoloaded(id) {
      await db
        .insertInto('autoloaded_assets')
        .values({ id })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
  };
}

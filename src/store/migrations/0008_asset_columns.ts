import { type Kysely, type Migration, sql } from 'kysely';
import { ILL_FORMED } from './ill-formed.js';

/**
 * What assets jobs and executions name becomes a column, for filters and for the question who runs an asset.
 * PostgreSQL does not look into all JSON that it keeps, so the documents cannot be asked.
 */
export const assetColumns: Migration = {
  async up(db: Kysely<unknown>) {
    await fill(db, 'jobs', 'jobs', 'job_id', 'doc');
    await fill(db, 'executions', 'execution_specs', 'ex_id', 'spec');
  },
};

async function fill(db: Kysely<unknown>, table: string, documents: string, id: string, document: string) {
  const [target, source, key, json] = [
    sql.table(table),
    sql.table(documents),
    sql.ref(id),
    sql.ref(document),
  ];
  await sql`alter table ${target} add column assets text[] collate "C"`.execute(db);
  await sql`
    update ${target} set assets = found.assets
    from (
      select ${key} as id, array(
        select json_array_elements_text(case json_typeof(list) when 'array' then list else '[]' end)
      ) as assets
      from (
        select ${key}, case when ${json}::text ~* ${ILL_FORMED} then null else ${json} -> 'assets' end as list
        from ${source}
      ) as lists
    ) as found
    where ${target}.${key} = found.id and cardinality(found.assets) > 0`.execute(db);
  const { rows } = await sql<{ id: string; doc: { assets?: unknown } }>`
    select ${key} as id, ${json} as doc from ${source} where ${json}::text ~* ${ILL_FORMED}`.execute(db);
  for (const { id: row, doc } of rows) {
    const assets = Array.isArray(doc.assets) ? doc.assets.filter((asset) => typeof asset === 'string') : [];
    if (assets.length === 0) continue;
    await sql`update ${target} set assets = ${assets} where ${key} = ${row}`.execute(db);
  }
}

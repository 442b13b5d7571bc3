import { type RawBuilder, sql, type SqlBool } from 'kysely';
import type { Fields, Paging } from '../fields.js';
import { finished } from '../filter/index.js';
import type { Database } from '../schema.js';
import { batches } from './batches.js';

/** Texts are sorted by so many of their first characters: entries of an index have no room for more. */
export const SORTED_PREFIX = 100;
/** Texts that are short, and have indexes as they are. */
const SHORT = new Set(['job_id', 'ex_id', '_status']);

interface ListedTable<F extends Fields> {
  table: 'jobs' | 'executions';
  id: 'job_id' | 'ex_id';
  /** Column that breaks ties. */
  tie: 'job_id' | 'number';
  fields: F;
}

/**
 * Ids of a page of a list, in its order. What lacks the field comes last in both directions, where an index
 * read backwards has it first: descending, both kinds are read apart, each along the index.
 */
export async function listIds<F extends Fields>(
  db: Database,
  { table, id, tie, fields }: ListedTable<F>,
  { field, direction, nullable, size, from }: Paging<F>,
  conditions: Array<RawBuilder<SqlBool>>,
): Promise<string[]> {
  const column = sql.ref(field);
  const way = sql.raw(direction);
  const isLong = (fields[field] === 'text' || fields[field] === 'words') && !SHORT.has(field);
  const key = isLong ? sql`left(${column}, ${sql.lit(SORTED_PREFIX)})` : column;
  const order = sql`${key} ${way}, ${sql.ref(tie)} ${way}`;
  const select = (missing: boolean, ...further: Array<RawBuilder<SqlBool>>) => {
    const all = [...conditions, ...further];
    const where = all.length > 0 ? sql`where ${sql.join(all, sql` and `)}` : sql``;
    return sql`select ${sql.ref(id)} as id, ${sql.lit(missing)} as missing, ${column}, ${sql.ref(tie)} from ${sql.table(table)} ${where} order by ${order}`;
  };
  const page = sql`limit ${size} offset ${from}`;
  const statement =
    direction === 'asc' || !nullable
      ? sql<{ id: string }>`${select(false)} ${page}`
      : sql<{ id: string }>`
          select id from (
            (${select(false, sql`${key} is not null`)} limit ${size + from})
            union all
            (${select(true, sql`${key} is null`)} limit ${size + from})
          ) as listed
          order by missing, ${order} ${page}
        `;
  const { rows } = await finished(statement.execute(db));
  return rows.map((row) => row.id);
}

/** Nothing is marked as deleted before it is: the column is null until then. */
export const deletedOrNot = (deleted: boolean): RawBuilder<SqlBool> =>
  deleted ? sql<SqlBool>`_deleted` : sql<SqlBool>`_deleted is not true`;

/**
 * Bytes of documents that one statement reads, as they are stored: compressed, in PostgreSQL at worst to a 255th.
 * A document may have megabytes and a list 10,000 of them: neither the database nor this process holds them all.
 */
const PAGE_BYTES = 256 * 1024;

/**
 * The rows of these keys in their order, page by page; those that are gone meanwhile are left out.
 * @param read reads the rows of some keys, in any order
 */
export async function* inPages<K extends { bytes: number }, R>(
  keys: K[],
  keyOf: (either: K | R) => string,
  read: (keys: K[]) => Promise<R[]>,
): AsyncGenerator<R[]> {
  for await (const page of batches(keys, ({ bytes }) => bytes, PAGE_BYTES)) {
    const byKey = new Map((await read(page)).map((row) => [keyOf(row), row]));
    yield page.flatMap((key) => byKey.get(keyOf(key)) ?? []);
  }
}

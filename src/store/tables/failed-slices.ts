import { type Selectable, sql } from 'kysely';
import { FAILED_SLICE_FIELDS, paging } from '../fields.js';
import { finished } from '../filter/index.js';
import type { Database, FailedSlicesTable } from '../schema.js';
import type { FailedSlice, FailedSliceStore } from '../types.js';
import { batches } from './batches.js';
import { inPages, SORTED_PREFIX } from './list.js';
import { orderBy } from './order.js';
import { lastTakers, matching, takeForReplay } from './replayed-slices.js';

/** A request is JSON, where NUL is written as an escape; a bare one can only come from elsewhere. */
const escapeNul = (request: string): string => request.replaceAll('\0', '\\u0000');

function toFailedSlice(row: Selectable<FailedSlicesTable>): FailedSlice {
  const { retry_count: retries, recovered_by: recoveredBy, replay_position: _, ...slice } = row;
  return {
    ...slice,
    state: 'error',
    ...(retries !== null && { retry_count: retries }),
    ...(recoveredBy !== null && { recovered_by: recoveredBy }),
  };
}

async function insert(db: Database, page: FailedSlice[], read: number): Promise<void> {
  const column = <T>(pick: (slice: FailedSlice) => T): T[] => page.map(pick);
  await sql`
    insert into failed_slices
      (ex_id, slicer_id, slicer_order, slice_id, request, error, retry_count, _created, _updated)
    select distinct on (1, 2, 3, 4) * from unnest(
      ${column((slice) => slice.ex_id)}::text[], ${column((slice) => slice.slicer_id)}::integer[],
      ${column((slice) => slice.slicer_order)}::bigint[], ${column((slice) => slice.slice_id)}::text[],
      ${column((slice) => escapeNul(slice.request))}::text[], ${column((slice) => slice.error)}::text[],
      ${column((slice) => slice.retry_count ?? null)}::integer[],
      ${column((slice) => slice._created)}::timestamptz[], ${column((slice) => slice._updated)}::timestamptz[]
    )
    on conflict (ex_id, slicer_id, slicer_order, slice_id) do update
    set error = excluded.error, retry_count = excluded.retry_count, _updated = excluded._updated,
      replay_position = null
    where failed_slices.replay_position < ${read}::bigint
  `.execute(db);
}

const KEY = ['ex_id', 'slicer_id', 'slicer_order', 'slice_id'] as const;
type Key = Pick<FailedSlicesTable, (typeof KEY)[number]>;

const keyOf = (key: Key): string => KEY.map((column) => key[column]).join('\0');

async function read(db: Database, keys: Key[]): Promise<Array<Selectable<FailedSlicesTable>>> {
  const { rows } = await sql<Selectable<FailedSlicesTable>>`
    select failed_slices.*
    from unnest(
      ${keys.map((key) => key.ex_id)}::text[], ${keys.map((key) => key.slicer_id)}::integer[],
      ${keys.map((key) => key.slicer_order)}::bigint[], ${keys.map((key) => key.slice_id)}::text[]
    ) as listed (ex_id, slicer_id, slicer_order, slice_id)
    join failed_slices using (ex_id, slicer_id, slicer_order, slice_id)
  `.execute(db);
  return rows;
}

export function failedSliceStore(db: Database): FailedSliceStore {
  return {
    async write(page, read = Number.MAX_SAFE_INTEGER) {
      for await (const batch of batches(page, (slice) => slice.request.length + slice.error.length)) {
        await insert(db, batch, read);
      }
    },

    async *list(query) {
      const page = paging(query, FAILED_SLICE_FIELDS);
      let rows = db
        .selectFrom('failed_slices')
        .select([...KEY, sql<number>`octet_length(request) + octet_length(error)`.as('bytes')])
        .where('replay_position', 'is', null)
        .where(matching(query.filter));
      if (query.ex_id !== undefined) rows = rows.where('ex_id', '=', query.ex_id);
      const key = page.field === 'error' ? sql`left(error, ${sql.lit(SORTED_PREFIX)})` : sql.ref(page.field);
      const keys = await finished(
        rows
          .orderBy(key, orderBy(page))
          .orderBy('ex_id')
          .orderBy('slicer_id', page.direction)
          .orderBy('slicer_order', page.direction)
          .orderBy('slice_id')
          .limit(page.size)
          .offset(page.from)
          .execute(),
      );
      for await (const found of inPages(keys, keyOf, (some) => read(db, some)))
        yield found.map(toFailedSlice);
    },

    async count(exId, filter) {
      const { count } = await finished(
        db
          .selectFrom('failed_slices')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('ex_id', '=', exId)
          .where('replay_position', 'is', null)
          .where(matching(filter))
          .executeTakeFirstOrThrow(),
      );
      return count;
    },

    async *pages(exId, pageSize, { known, filter } = {}) {
      let last: FailedSlice | undefined;
      for (;;) {
        let rows = db
          .selectFrom('failed_slices')
          .selectAll()
          .where('ex_id', '=', exId)
          .where(({ eb, or }) => {
            const failed = eb('replay_position', 'is', null);
            return known === undefined ? failed : or([failed, eb('replay_position', '>=', known)]);
          })
          .where(matching(filter));
        if (last !== undefined) {
          const { slicer_id: slicerId, slicer_order: order, slice_id: id } = last;
          rows = rows.where(
            sql<boolean>`(slicer_id, slicer_order, slice_id) > (${slicerId}::integer, ${order}::bigint, ${id}::text)`,
          );
        }
        const page = await finished(
          rows.orderBy('slicer_id').orderBy('slicer_order').orderBy('slice_id').limit(pageSize).execute(),
        );
        if (page.length > 0) yield page.map(toFailedSlice);
        last = page.map(toFailedSlice).at(-1);
        if (page.length < pageSize) return;
      }
    },

    takeForReplay: (exId, replayId, filter) => finished(takeForReplay(db, exId, replayId, filter)),
    lastTakers: (slices, takers) => lastTakers(db, slices, takers),
  };
}

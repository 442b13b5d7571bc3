/**
 * Where a failed slice goes.
 *
 *   failed → (takeForReplay) marked, beside the slices that its execution recovers → failed again
 *                                                                                 → completed: stays marked
 *   failed → recovered by another execution: a row there, in `recovered_slices`
 */
import { type RawBuilder, sql, type SqlBool } from 'kysely';
import { CodedError } from '../../errors.js';
import { failedSliceFilter } from '../filter/index.js';
import type { Database } from '../schema.js';
import type { SliceKey, TakenSlice } from '../types.js';

/** The condition that a filter over failed slices stands for; none: all. @throws CodedError BAD_FILTER */
export const matching = (filter: string | undefined): RawBuilder<SqlBool> =>
  filter === undefined ? sql<SqlBool>`true` : failedSliceFilter(filter);

/** See `FailedSliceStore.takeForReplay`. */
export function takeForReplay(
  db: Database,
  exId: string,
  replayId: string,
  filter: string,
): Promise<{ from: number; to: number }> {
  return db.transaction().execute(async (trx) => {
    // The lock lets replays of one execution take turns: positions have neither gaps nor doubles.
    const execution = await trx
      .selectFrom('executions')
      .select(['recovered_total', 'terminal'])
      .where('ex_id', '=', exId)
      .forUpdate()
      .executeTakeFirst();
    const taken = await trx
      .selectFrom('recovered_slices')
      .select(({ fn }) => [
        fn.min<number | null>('position').as('first'),
        fn.max<number | null>('position').as('last'),
      ])
      .where('ex_id', '=', exId)
      .where('replay_id', '=', replayId)
      .executeTakeFirstOrThrow();
    if (taken.first !== null && taken.last !== null) return { from: taken.first, to: taken.last + 1 };
    if (execution === undefined || execution.terminal) throw new CodedError('EX_NOT_ACTIVE', { ex_id: exId });
    const from = execution.recovered_total;
    const { rows } = await sql<{ count: number }>`
      with taken as (
        select slicer_id, slicer_order, slice_id, request,
          ${from}::integer - 1 + row_number() over (order by slicer_id, slicer_order, slice_id)::integer as position
        from failed_slices
        where ex_id = ${exId} and replay_position is null and ${matching(filter)}
      ), marked as (
        update failed_slices f set replay_position = t.position from taken t
        where f.ex_id = ${exId} and f.slicer_id = t.slicer_id and f.slicer_order = t.slicer_order
          and f.slice_id = t.slice_id
      ), parked as (
        insert into recovered_slices (ex_id, position, slicer_id, slicer_order, request, slice_id, replay_id)
        select ${exId}::text, position, slicer_id, slicer_order, request, slice_id, ${replayId}::text from taken
      )
      select count(*)::integer as count from taken
    `.execute(trx);
    const to = from + (rows[0]?.count ?? 0);
    await trx.updateTable('executions').set({ recovered_total: to }).where('ex_id', '=', exId).execute();
    return { from, to };
  });
}

/** See `FailedSliceStore.lastTakers`. */
export async function lastTakers(
  db: Database,
  slices: SliceKey[],
  takers: string[],
): Promise<Map<number, TakenSlice>> {
  const { rows } = await sql<TakenSlice & { index: number }>`
    select (k.number - 1)::integer as index, last.ex_id, last.position, f.ex_id is not null as failed,
      f.replay_position
    from unnest(
      ${slices.map((slice) => slice.slicer_id)}::integer[], ${slices.map((slice) => slice.slicer_order)}::bigint[],
      ${slices.map((slice) => slice.slice_id)}::text[]
    ) with ordinality as k (slicer_id, slicer_order, slice_id, number)
    cross join lateral (
      -- Not a join: one could lead the planner to look through all slices of an execution for each of these.
      select r.ex_id, r.position
      from recovered_slices r
      where r.slice_id = k.slice_id and r.slicer_id = k.slicer_id and r.slicer_order = k.slicer_order
        and array_position(${takers}::text[], r.ex_id) is not null
      order by array_position(${takers}::text[], r.ex_id) desc, r.position desc
      limit 1
    ) as last
    left join failed_slices f on f.ex_id = last.ex_id and f.slicer_id = k.slicer_id
      and f.slicer_order = k.slicer_order and f.slice_id = k.slice_id
  `.execute(db);
  return new Map(rows.map(({ index, ...taken }) => [index, taken]));
}

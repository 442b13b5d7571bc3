import { sql } from 'kysely';
import type { Database } from '../schema.js';
import type { SlicePageStore, SliceTuple } from '../types.js';
import { batches } from './batches.js';

/** Bytes that a slice takes up beside its request in an encoded answer, about. */
const SLICE_OVERHEAD = 32;

/**
 * Stores slices for an execution that is not there yet.
 * @returns how many there were
 */
export async function stageSlices(
  db: Database,
  exId: string,
  slices: Iterable<SliceTuple> | AsyncIterable<SliceTuple>,
): Promise<number> {
  let position = 0;
  for await (const batch of batches(slices, ([, , request]) => request.length)) {
    await sql`
      insert into recovered_slices (ex_id, position, slicer_id, slicer_order, request, slice_id)
      select ${exId}::text, ${position}::integer + ordinality - 1, slicer_id, slicer_order, request, slice_id
      from unnest(
        ${batch.map(([slicerId]) => slicerId)}::integer[], ${batch.map(([, order]) => order)}::bigint[],
        ${batch.map(([, , request]) => request)}::text[], ${batch.map(([, , , id]) => id ?? null)}::text[]
      ) with ordinality as given (slicer_id, slicer_order, request, slice_id, ordinality)
    `.execute(db);
    position += batch.length;
  }
  return position;
}

export async function discardStaged(db: Database, exId: string): Promise<void> {
  await sql`
    delete from recovered_slices r
    where ex_id = ${exId} and not exists (select from executions e where e.ex_id = r.ex_id)
  `.execute(db);
}

/** Marks failed slices of `sources` that an execution recovers. */
export async function markRecovered(db: Database, exId: string, sources: string[]): Promise<void> {
  await sql`
    update failed_slices f set recovered_by = ${exId} from recovered_slices r
    where r.ex_id = ${exId} and f.ex_id = any(${sources}::text[])
      and f.slicer_id = r.slicer_id and f.slicer_order = r.slicer_order and f.slice_id = r.slice_id
  `.execute(db);
}

/** Removes what a crash left staged: an hour is more than any staging takes. */
export async function sweepStaged(db: Database): Promise<void> {
  await sql`
    delete from recovered_slices r
    where staged < now() - interval '1 hour' and not exists (select from executions e where e.ex_id = r.ex_id)
  `.execute(db);
}

export function readRecovered(db: Database): SlicePageStore['recovered'] {
  return async (exId, position, limit, maxBytes) => {
    // Sizes are those of the request as a string inside JSON, with its quotes escaped.
    const { rows } = await sql<{
      slicer_id: number;
      slicer_order: number;
      request: string;
      slice_id: string | null;
    }>`
      select slicer_id, slicer_order, request, slice_id
      from (
        select *, sum(
          octet_length(to_json(request)::text) + coalesce(length(slice_id), 0) + ${SLICE_OVERHEAD}::integer
        ) over (order by position) as bytes
        from (
          select * from recovered_slices
          where ex_id = ${exId} and position between ${position}::integer and ${position + limit - 1}::integer
        ) as page
      ) as sized
      where bytes <= ${maxBytes}::bigint or position = ${position}::integer
      order by position
    `.execute(db);
    return rows.map(({ slicer_id: slicerId, slicer_order: order, request, slice_id: id }): SliceTuple =>
      id === null ? [slicerId, order, request] : [slicerId, order, request, id],
    );
  };
}

import { sql } from 'kysely';
import type { Database } from '../schema.js';
import type { ClusterTotals, Counters, ExecutionStore, ExecutionTotals } from '../types.js';

/** The last counters of each execution, as one array a column. */
function latestCounters(batch: Array<{ ex_id: string; seq: number; counters: Counters }>) {
  const latest = new Map<string, { seq: number; counters: Counters }>();
  for (const { ex_id: exId, seq, counters } of batch) {
    if (seq > (latest.get(exId)?.seq ?? -1)) latest.set(exId, { seq, counters });
  }
  const rows = [...latest.values()];
  return {
    ids: [...latest.keys()],
    seqs: rows.map((row) => row.seq),
    counters: rows.map((row) => JSON.stringify(row.counters)),
    processed: rows.map((row) => row.counters.stats.processed),
    failed: rows.map((row) => row.counters.stats.failed),
  };
}

export function executionCounters(
  db: Database,
): Pick<ExecutionStore, 'writeCounters' | 'totals' | 'clusterTotals'> {
  return {
    async writeCounters(batch) {
      if (batch.length === 0) return;
      const { ids, seqs, counters, processed, failed } = latestCounters(batch);
      // A workflow task that Temporal did not take is done again, with what came meanwhile: its numbers may be told in
      // another order then, so a sequence number alone does not say which are newer. Completed slices only become
      // more; failed ones may be taken up again.
      // Rows are locked in one order, so that masters that write the same executions never deadlock.
      await sql`
        with latest as (
          select e.ex_id, given.seq, given.counters, given.processed, given.failed
          from executions e
          join unnest(
            ${ids}::text[], ${seqs}::bigint[], ${counters}::text[],
            ${processed}::double precision[], ${failed}::double precision[]
          ) as given (ex_id, seq, counters, processed, failed) on given.ex_id = e.ex_id
          where not e.closed
            and (given.processed - given.failed, given.seq) > (e.processed - e.failed, e.counters_seq)
          order by e.ex_id
          for update of e
        ), told as (
          update execution_states s set counters = latest.counters::json
          from latest
          where s.ex_id = latest.ex_id
        )
        update executions e
        set counters_seq = greatest(latest.seq, e.counters_seq), processed = latest.processed, failed = latest.failed
        from latest
        where e.ex_id = latest.ex_id and not e.closed
      `.execute(db);
    },

    async totals() {
      const rows = await db
        .selectFrom('executions')
        .groupBy('_status')
        .select(({ fn }) => [
          '_status',
          fn.countAll<number>().as('count'),
          fn.sum<number>('processed').as('processed'),
          fn.sum<number>('failed').as('failed'),
        ])
        .execute();
      const totals: ExecutionTotals = { statuses: {}, processed: 0, failed: 0 };
      for (const row of rows) {
        totals.statuses[row._status] = row.count;
        totals.processed += row.processed;
        totals.failed += row.failed;
      }
      return totals;
    },

    async clusterTotals() {
      const { rows } = await sql<ClusterTotals>`
        select *
        from (
          select
            coalesce(sum(processed), 0) as processed,
            coalesce(sum(failed), 0) as failed,
            coalesce(sum(job_duration), 0) as job_duration
          from executions
        ) as slices, (
          select coalesce(sum((counters->'stats'->>'queued')::double precision), 0) as queued
          from execution_states where ex_id in (select ex_id from executions where not terminal)
        ) as active, (
          select
            count(*) as workers_joined,
            count(*) filter (where outcome in ('lost', 'silent')) as workers_disconnected
          from hosts
          where kind = 'worker' and pid is not null
        ) as workers
      `.execute(db);
      return rows[0]!;
    },
  };
}

import { type RawBuilder, sql, type SqlBool } from 'kysely';
import { EXECUTION_FIELDS, paging } from '../fields.js';
import { executionFilter } from '../filter/index.js';
import type { Database } from '../schema.js';
import { type ActiveExecution, type ExecutionStore, SHOWN_NAME } from '../types.js';
import { executionCounters } from './execution-counters.js';
import { insertExecution } from './execution-insert.js';
import {
  DOCUMENT_COLUMNS,
  type DocumentColumns,
  latestOf,
  selectExecutions,
  documents,
  toExecutionRow,
} from './execution-rows.js';
import { executionStatus } from './execution-status.js';
import { deletedOrNot, listIds } from './list.js';

const EXECUTIONS = { table: 'executions', id: 'ex_id', tie: 'number', fields: EXECUTION_FIELDS } as const;

export function executionStore(db: Database): ExecutionStore {
  return {
    insert: (doc, recovered) => insertExecution(db, doc, recovered),

    async get(exId) {
      const row = await selectExecutions(db).where('executions.ex_id', '=', exId).executeTakeFirst();
      return row && toExecutionRow(row);
    },

    standing: (exId) =>
      db
        .selectFrom('executions')
        .select(['ex_id', '_status', 'workers_wanted'])
        .where('ex_id', '=', exId)
        .executeTakeFirst(),

    async latest(jobId) {
      const row = await latestOf(db, jobId);
      return row && toExecutionRow(row);
    },

    async recoveredSince(exId) {
      // An origin that is not in the store any more still holds its recoveries together.
      const rows = await selectExecutions(db)
        .where(
          'executions.ex_id',
          'in',
          sql<string>`(
            with recursive origins (ex_id) as (
              select ${exId}::text collate "C"
              union
              select e.recovered_execution from executions e join origins o on e.ex_id = o.ex_id
              where e.recovered_execution is not null
            ), family (ex_id) as (
              select ex_id from origins
              union
              select e.ex_id from executions e join family f on e.recovered_execution = f.ex_id
            )
            select ex_id from family
          )`,
        )
        .where('number', '>', sql<number>`(select number from executions where ex_id = ${exId})`)
        .orderBy('number')
        .execute();
      return rows.map(toExecutionRow);
    },

    async *latestOfEach(jobIds) {
      const { rows } = await sql<DocumentColumns>`
        select latest.*
        from unnest(${jobIds}::text[]) with ordinality as wanted (job_id, place)
        cross join lateral (
          select ${sql.join(DOCUMENT_COLUMNS.map((column) => sql.ref(column)))}
          from executions
          where job_id = wanted.job_id
          order by _created desc, number desc
          limit 1
        ) as latest
        order by place
      `.execute(db);
      yield* documents(db, rows);
    },

    async *list(query) {
      const page = paging(query, EXECUTION_FIELDS);
      const conditions: Array<RawBuilder<SqlBool>> = [];
      if (query.statuses !== undefined) conditions.push(sql`_status = any(${query.statuses}::text[])`);
      if (query.deleted !== undefined) conditions.push(deletedOrNot(query.deleted));
      if (query.filter !== undefined) conditions.push(executionFilter(query.filter));
      const ids = await listIds(db, EXECUTIONS, page, conditions);
      const { rows } = await sql<DocumentColumns>`
        select ${sql.join(DOCUMENT_COLUMNS.map((column) => sql.ref(column)))}
        from unnest(${ids}::text[]) with ordinality as listed (ex_id, place) join executions using (ex_id)
        order by place
      `.execute(db);
      yield* documents(db, rows);
    },

    async active() {
      const { rows } = await sql<ActiveExecution>`
        select ex_id, job_id, left(name, ${sql.lit(SHOWN_NAME)}) as name, _status, _updated, counters
        from executions join execution_states using (ex_id)
        where not terminal
        order by _created, number
      `.execute(db);
      return rows;
    },

    async unreported() {
      const rows = await db
        .selectFrom('executions')
        .innerJoin('execution_states', 'execution_states.ex_id', 'executions.ex_id')
        .select('executions.ex_id')
        .where('_status', '=', 'terminated')
        .where('closed', '=', false)
        .where('report', 'is', null)
        .orderBy('_updated')
        .execute();
      return rows.map(({ ex_id: id }) => id);
    },

    async setWorkersWanted(exId, workers, expected) {
      let update = db
        .updateTable('executions')
        .set({ workers_wanted: workers })
        .where('ex_id', '=', exId)
        .where('terminal', '=', false);
      if (expected !== undefined) update = update.where('workers_wanted', '=', expected);
      const { numUpdatedRows } = await update.executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    ...executionStatus(db),
    ...executionCounters(db),
  };
}

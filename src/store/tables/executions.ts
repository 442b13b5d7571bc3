import { sql } from 'kysely';
import { EXECUTION_FIELDS, paging } from '../fields.js';
import { executionFilter } from '../filter/index.js';
import type { Database } from '../schema.js';
import type { ExecutionStatus, ExecutionStore } from '../types.js';
import { executionCounters } from './execution-counters.js';
import { insertExecution } from './execution-insert.js';
import {
  DOCUMENT_COLUMNS,
  latestOf,
  selectWithSpec,
  specsOf,
  toDocument,
  toExecutionRow,
} from './execution-rows.js';
import { executionStatus } from './execution-status.js';
import { orderBy } from './order.js';

export function executionStore(db: Database): ExecutionStore {
  return {
    insert: (doc, recovered) => insertExecution(db, doc, recovered),

    async get(exId) {
      const row = await selectWithSpec(db).where('executions.ex_id', '=', exId).executeTakeFirst();
      return row && toExecutionRow(row, row.spec);
    },

    async latest(jobId) {
      const row = await latestOf(db, jobId);
      return row && toExecutionRow(row, row.spec);
    },

    async recoveredSince(exId) {
      // An origin that is not in the store any more still holds its recoveries together.
      const rows = await selectWithSpec(db)
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
      return rows.map((row) => toExecutionRow(row, row.spec));
    },

    async list(query) {
      const page = paging(query, EXECUTION_FIELDS);
      let rows = db.selectFrom('executions').select(DOCUMENT_COLUMNS);
      if (query.statuses !== undefined) {
        rows = rows.where('_status', '=', sql<ExecutionStatus>`any(${query.statuses}::text[])`);
      }
      if (query.deleted !== undefined) rows = rows.where(sql<boolean>`_deleted is true`, '=', query.deleted);
      if (query.filter !== undefined) rows = rows.where(executionFilter(query.filter));
      const found = await rows
        .orderBy(page.field, orderBy(page))
        .orderBy('number', page.direction)
        .limit(page.size)
        .offset(page.from)
        .execute();
      const specOf = await specsOf(db, found);
      return found.map((row) => toDocument(row, specOf(row.ex_id)));
    },

    async active() {
      const rows = await db
        .selectFrom('executions')
        .selectAll()
        .where(sql<boolean>`not terminal`)
        .orderBy('_created')
        .orderBy('number')
        .execute();
      const specOf = await specsOf(db, rows);
      return rows.map((row) => toExecutionRow(row, specOf(row.ex_id)));
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

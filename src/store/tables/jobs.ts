import { type RawBuilder, sql, type SqlBool } from 'kysely';
import { CodedError } from '../../errors.js';
import { extractColumns, JOB_COLUMNS, JOB_FIELDS, paging } from '../fields.js';
import { jobFilter } from '../filter/index.js';
import type { Database } from '../schema.js';
import type { JobDocument, JobStore } from '../types.js';
import { insertRows } from './execution-insert.js';
import { hasActive } from './execution-rows.js';
import { deletedOrNot, inPages, listIds } from './list.js';

const JOBS = { table: 'jobs', id: 'job_id', tie: 'job_id', fields: JOB_FIELDS } as const;

const toRow = (job: JobDocument) => ({
  ...extractColumns(JOB_COLUMNS, job),
  job_id: job.job_id,
  doc: JSON.stringify(job),
});

async function insertJob(db: Database, job: JobDocument): Promise<void> {
  await db.insertInto('jobs').values(toRow(job)).execute();
}

const locked = (trx: Database, jobId: string) =>
  trx.selectFrom('jobs').select('doc').where('job_id', '=', jobId).forUpdate().executeTakeFirst();

export function jobStore(db: Database): JobStore {
  return {
    async insert(job, first) {
      if (first === undefined) return insertJob(db, job);
      await db.transaction().execute(async (trx) => {
        await insertJob(trx, job);
        await insertRows(trx, first);
      });
    },

    async get(jobId) {
      const row = await db.selectFrom('jobs').select('doc').where('job_id', '=', jobId).executeTakeFirst();
      return row?.doc;
    },

    async replace(job, { alive } = { alive: false }) {
      const { job_id } = job;
      let update = db.updateTable('jobs').set(toRow(job)).where('job_id', '=', job_id);
      if (alive) update = update.where('_deleted', 'is not', true);
      const { numUpdatedRows } = await update.executeTakeFirst();
      if (numUpdatedRows > 0n) return;
      if ((await this.get(job_id)) === undefined) throw new CodedError('JOB_NOT_FOUND', { job_id });
      throw new CodedError('JOB_DELETED', { job_id, action: 'updated' });
    },

    setActive: (jobId, active, updated) =>
      db.transaction().execute(async (trx) => {
        const row = await locked(trx, jobId);
        if (row === undefined) return undefined;
        if (row.doc._deleted === true)
          throw new CodedError('JOB_DELETED', { job_id: jobId, action: 'updated' });
        const job: JobDocument = { ...row.doc, active, _updated: updated };
        await trx.updateTable('jobs').set(toRow(job)).where('job_id', '=', jobId).execute();
        return job;
      }),

    remove: (jobId, deletedOn) =>
      db.transaction().execute(async (trx) => {
        // Executions are inserted under a share lock of this row: none slips in behind the check.
        const row = await locked(trx, jobId);
        if (row === undefined) return undefined;
        if (row.doc._deleted === true) throw new CodedError('JOB_ALREADY_DELETED', { job_id: jobId });
        if (await hasActive(trx, jobId)) throw new CodedError('JOB_RUNNING', { job_id: jobId });
        const mark = { _deleted: true, _deleted_on: deletedOn, _updated: deletedOn };
        const job: JobDocument = { ...row.doc, ...mark, active: false };
        await trx.updateTable('jobs').set(toRow(job)).where('job_id', '=', jobId).execute();
        await trx.updateTable('executions').set(mark).where('job_id', '=', jobId).execute();
        return job;
      }),

    async *list(query) {
      const page = paging(query, JOB_FIELDS);
      const conditions: Array<RawBuilder<SqlBool>> = [];
      // A job that does not say whether it is active counts as active.
      if (query.active !== undefined)
        conditions.push(query.active ? sql`active is not false` : sql`not active`);
      if (query.deleted !== undefined) conditions.push(deletedOrNot(query.deleted));
      if (query.filter !== undefined) conditions.push(jobFilter(query.filter));
      const ids = await listIds(db, JOBS, page, conditions);
      const { rows: keys } = await sql<{ job_id: string; bytes: number }>`
        select job_id, pg_column_size(doc) as bytes
        from unnest(${ids}::text[]) with ordinality as listed (job_id, place) join jobs using (job_id)
        order by place
      `.execute(db);
      const read = (some: Array<{ job_id: string }>) =>
        db
          .selectFrom('jobs')
          .select(['job_id', 'doc'])
          .where('job_id', '=', sql<string>`any(${some.map((key) => key.job_id)}::text[])`)
          .execute();
      for await (const rows of inPages(keys, (row) => row.job_id, read)) yield rows.map((row) => row.doc);
    },
  };
}

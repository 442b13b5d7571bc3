import { type Selectable, sql } from 'kysely';
import { EXECUTION_FIELDS, extractColumns } from '../fields.js';
import type { Database, ExecutionsTable, NewExecution } from '../schema.js';
import type { ExecutionDocument, ExecutionRow, RecoveryStart } from '../types.js';

export type ExecutionRecord = Selectable<ExecutionsTable>;

/** Columns that a document is put together from, with its spec. */
export const DOCUMENT_COLUMNS = [
  'ex_id',
  'state',
  '_status',
  '_updated',
  '_deleted',
  '_deleted_on',
] as const satisfies Array<keyof ExecutionsTable>;

export type DocumentRecord = Pick<ExecutionRecord, (typeof DOCUMENT_COLUMNS)[number]>;

/** The document: as inserted, what changed since laid over it, and the fields whose columns are the truth. */
export function toDocument(row: DocumentRecord, spec: ExecutionDocument): ExecutionDocument {
  const document: ExecutionDocument = {
    ...spec,
    ...row.state,
    _status: row._status,
    _updated: row._updated,
  };
  if (row._deleted !== null) document._deleted = row._deleted;
  if (row._deleted_on !== null) document._deleted_on = row._deleted_on;
  return document;
}

export const toExecutionRow = (row: ExecutionRecord, spec: ExecutionDocument): ExecutionRow => ({
  doc: toDocument(row, spec),
  workers_wanted: row.workers_wanted,
  status_seq: row.status_seq,
  counters_seq: row.counters_seq,
  counters: row.counters,
  report: row.report,
  closed: row.closed,
  recovery: row.recovery,
  recovered_at_insert: row.recovered_at_insert,
});

export const toNewExecution = (
  doc: ExecutionDocument,
  recovery: RecoveryStart | undefined,
  recoveredTotal: number,
): NewExecution => ({
  ...extractColumns(EXECUTION_FIELDS, doc),
  ex_id: doc.ex_id,
  job_id: doc.job_id,
  _status: doc._status,
  _created: doc._created,
  _updated: doc._updated,
  state: JSON.stringify({ metadata: doc.metadata }),
  workers_wanted: doc.workers,
  recovery: recovery === undefined ? null : JSON.stringify(recovery),
  recovered_total: recoveredTotal,
  recovered_at_insert: recoveredTotal,
});

/** Columns to write for a change of the document in `row`; fields that are undefined stay as they are. */
export function changedColumns(row: ExecutionRecord, patch: Partial<ExecutionDocument>) {
  const { ex_id: _ex, job_id: _job, _created, _updated, ...changeable } = patch;
  const changes = Object.fromEntries(Object.entries(changeable).filter(([, value]) => value !== undefined));
  const columns = Object.entries(extractColumns(EXECUTION_FIELDS, changes));
  return {
    ...Object.fromEntries(columns.filter(([field]) => Object.hasOwn(changes, field))),
    state: JSON.stringify({ ...row.state, ...changes }),
    _updated: new Date().toISOString(),
  };
}

/** Rows with their specs beside them. */
export const selectWithSpec = (db: Database) =>
  db
    .selectFrom('executions')
    .innerJoin('execution_specs as specs', 'specs.ex_id', 'executions.ex_id')
    .selectAll('executions')
    .select('specs.spec');

/** The job's latest execution, with its spec. */
export const latestOf = (db: Database, jobId: string) =>
  selectWithSpec(db)
    .where('job_id', '=', jobId)
    .orderBy('_created', 'desc')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Finds the specs of rows, which are read apart: nothing ever changes or removes one. */
export async function specsOf(db: Database, rows: Array<{ ex_id: string }>) {
  const found = await db
    .selectFrom('execution_specs')
    .selectAll()
    .where('ex_id', '=', sql<string>`any(${rows.map((row) => row.ex_id)}::text[])`)
    .execute();
  const specs = new Map(found.map((row) => [row.ex_id, row.spec]));
  return (exId: string): ExecutionDocument => {
    const spec = specs.get(exId);
    if (spec === undefined) throw new Error(`execution ${exId} has no document`);
    return spec;
  };
}

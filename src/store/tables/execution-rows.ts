import { type Selectable, sql } from 'kysely';
import { EXECUTION_COLUMNS, extractColumns } from '../fields.js';
import type {
  Database,
  ExecutionsTable,
  ExecutionSpecsTable,
  ExecutionStatesTable,
  ExecutionStateUpdate,
  ExecutionUpdate,
  NewExecution,
  NewExecutionState,
} from '../schema.js';
import { wellFormedTexts } from '../../text.js';
import type { ExecutionDocument, ExecutionRow, RecoveryStart } from '../types.js';
import { inPages } from './list.js';

/** All there is of an execution, out of its three tables. */
export type ExecutionRecord = Selectable<ExecutionsTable> &
  Selectable<ExecutionStatesTable> &
  Selectable<ExecutionSpecsTable>;

/** What of it changes while it runs. */
export type ExecutionProgress = Omit<ExecutionRecord, 'spec'>;

/** Columns of `executions` that a document is put together from, with its state and spec. */
export const DOCUMENT_COLUMNS = [
  'ex_id',
  '_status',
  '_updated',
  '_deleted',
  '_deleted_on',
] as const satisfies Array<keyof ExecutionsTable>;

export type DocumentColumns = Pick<ExecutionRecord, (typeof DOCUMENT_COLUMNS)[number]>;

/** The document: as inserted, what changed since laid over it, and the fields whose columns are the truth. */
function toDocument(row: DocumentColumns & Pick<ExecutionRecord, 'state' | 'spec'>): ExecutionDocument {
  const document: ExecutionDocument = {
    ...row.spec,
    ...row.state,
    _status: row._status,
    _updated: row._updated,
  };
  if (row._deleted !== null) document._deleted = row._deleted;
  if (row._deleted_on !== null) document._deleted_on = row._deleted_on;
  return document;
}

export const toExecutionRow = (row: ExecutionRecord): ExecutionRow => ({
  doc: toDocument(row),
  workers_wanted: row.workers_wanted,
  status_seq: row.status_seq,
  counters_seq: row.counters_seq,
  counters: row.counters,
  report: row.report,
  closed: row.closed,
  recovery: row.recovery,
  recovered_at_insert: row.recovered_at_insert,
});

export const toNewExecution = (doc: ExecutionDocument, recoveredTotal: number): NewExecution => ({
  ...extractColumns(EXECUTION_COLUMNS, doc),
  ex_id: doc.ex_id,
  job_id: doc.job_id,
  _status: doc._status,
  _created: doc._created,
  _updated: doc._updated,
  workers_wanted: doc.workers,
  recovered_total: recoveredTotal,
  recovered_at_insert: recoveredTotal,
});

export const toNewState = (
  doc: ExecutionDocument,
  recovery: RecoveryStart | undefined,
): NewExecutionState => ({
  ex_id: doc.ex_id,
  state: JSON.stringify({ metadata: doc.metadata }),
  recovery: recovery === undefined ? null : JSON.stringify(recovery),
});

/** What to write into the tables of an execution. */
export interface ExecutionChange {
  row?: ExecutionUpdate;
  state?: ExecutionStateUpdate;
}

/** What to write for a change of the document in `row`; fields that are undefined stay as they are. */
export function documentChange(
  row: ExecutionProgress,
  patch: Partial<ExecutionDocument>,
): Required<ExecutionChange> {
  const { ex_id: _ex, job_id: _job, _created, _updated, ...changeable } = patch;
  const given = Object.fromEntries(Object.entries(changeable).filter(([, value]) => value !== undefined));
  // Reasons and metadata come from operations, and what is not well-formed would stay as an escape within the JSON.
  const changes = wellFormedTexts(given);
  const columns = Object.entries(extractColumns(EXECUTION_COLUMNS, changes));
  return {
    row: {
      ...Object.fromEntries(columns.filter(([field]) => Object.hasOwn(changes, field))),
      _updated: new Date().toISOString(),
    },
    state: { state: JSON.stringify({ ...row.state, ...changes }) },
  };
}

export const selectProgress = (db: Database) =>
  db
    .selectFrom('executions')
    .innerJoin('execution_states', 'execution_states.ex_id', 'executions.ex_id')
    .selectAll(['execution_states', 'executions']);

export const selectExecutions = (db: Database) =>
  selectProgress(db)
    .innerJoin('execution_specs', 'execution_specs.ex_id', 'executions.ex_id')
    .select('execution_specs.spec');

/** The job's latest execution. */
export const latestOf = (db: Database, jobId: string) =>
  selectExecutions(db)
    .where('job_id', '=', jobId)
    .orderBy('_created', 'desc')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();

export async function hasActive(db: Database, jobId: string): Promise<boolean> {
  const row = await db
    .selectFrom('executions')
    .select('ex_id')
    .where('job_id', '=', jobId)
    .where('terminal', '=', false)
    .executeTakeFirst();
  return row !== undefined;
}

/** The large parts of many executions, by their ids: no plan then reads through those of all others. */
const selectParts = (db: Database, ids: string[]) =>
  db
    .selectFrom('execution_states')
    .innerJoin('execution_specs', 'execution_specs.ex_id', 'execution_states.ex_id')
    .where('execution_states.ex_id', '=', sql<string>`any(${ids}::text[])`);

/** The documents of these executions in their order; one that was purged meanwhile is left out. */
export async function* documents(db: Database, rows: DocumentColumns[]): AsyncGenerator<ExecutionDocument[]> {
  const ids = rows.map((row) => row.ex_id);
  const sizes = await selectParts(db, ids)
    .select(['execution_states.ex_id', sql<number>`pg_column_size(state) + pg_column_size(spec)`.as('bytes')])
    .execute();
  const bytes = new Map(sizes.map((size) => [size.ex_id, size.bytes]));
  const known = rows.flatMap((row) => {
    const size = bytes.get(row.ex_id);
    return size === undefined ? [] : { ...row, bytes: size };
  });
  const read = async (some: typeof known) => {
    const parts = await selectParts(
      db,
      some.map((row) => row.ex_id),
    )
      .select(['execution_states.ex_id', 'state', 'spec'])
      .execute();
    const byId = new Map(parts.map((part) => [part.ex_id, part]));
    return some.flatMap((row) => {
      const part = byId.get(row.ex_id);
      return part === undefined ? [] : { ...part, ...row };
    });
  };
  for await (const page of inPages(known, (either) => either.ex_id, read)) yield page.map(toDocument);
}

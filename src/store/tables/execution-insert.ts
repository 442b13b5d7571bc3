import { CodedError } from '../../errors.js';
import type { Database } from '../schema.js';
import type { ExecutionDocument, Recovered, RecoveryStart } from '../types.js';
import { hasActive, latestOf, toNewExecution, toNewState } from './execution-rows.js';
import { discardStaged, markRecovered, stageSlices } from './recovered-slices.js';

const isActiveConflict = (error: unknown): boolean =>
  error instanceof Error && 'constraint' in error && error.constraint === 'executions_one_active_per_job';

/** What was read of an execution is all there was, if it is still there now: a purge deletes its row first. */
async function requireExecution(db: Database, exId: string): Promise<void> {
  const row = await db
    .selectFrom('executions')
    .select('ex_id')
    .where('ex_id', '=', exId)
    .forShare()
    .executeTakeFirst();
  if (row === undefined) throw new CodedError('EX_NOT_FOUND', { ex_id: exId });
}

/** A later one may have done some of the slices that are to be recovered meanwhile. */
async function requireLatest(db: Database, jobId: string, exId: string): Promise<void> {
  const latest = await latestOf(db, jobId);
  if (latest?.ex_id === exId) return;
  if (latest === undefined) throw new CodedError('EX_NOT_FOUND', { ex_id: exId });
  throw latest.terminal
    ? new CodedError('RECOVERY_OVERTAKEN', { job_id: jobId, ex_id: latest.ex_id })
    : new CodedError('JOB_ACTIVE', { job_id: jobId });
}

/** Writes the rows of a new execution, inside a transaction. */
export async function insertRows(
  trx: Database,
  doc: ExecutionDocument,
  recoveredTotal = 0,
  start?: RecoveryStart,
): Promise<void> {
  await trx.insertInto('executions').values(toNewExecution(doc, recoveredTotal)).execute();
  await trx.insertInto('execution_states').values(toNewState(doc, start)).execute();
  await trx
    .insertInto('execution_specs')
    .values({ ex_id: doc.ex_id, spec: JSON.stringify(doc) })
    .execute();
}

/**
 * Stores an execution with the slices it recovers. These are staged first, in statements of their own:
 * they may come from this store, page by page, which a transaction held open meanwhile would keep
 * PGlite's one session from reading. They count once the row that refers to them is there; what a crash
 * leaves staged is swept away later.
 */
export async function insertExecution(
  db: Database,
  doc: ExecutionDocument,
  recovered?: Recovered,
): Promise<number> {
  const { ex_id: exId, job_id: jobId } = doc;
  if (recovered !== undefined && (await hasActive(db, jobId)))
    throw new CodedError('JOB_ACTIVE', { job_id: jobId });
  try {
    const total = recovered === undefined ? 0 : await stageSlices(db, exId, recovered.slices);
    await db.transaction().execute(async (trx) => {
      const job = await trx
        .selectFrom('jobs')
        .select('_deleted')
        .where('job_id', '=', jobId)
        .forShare()
        .executeTakeFirst();
      if (job?._deleted === true) {
        const action = recovered === undefined ? 'started' : 'recovered';
        throw new CodedError('JOB_DELETED', { job_id: jobId, action });
      }
      if (recovered?.latest !== undefined) await requireLatest(trx, jobId, recovered.latest);
      if (recovered !== undefined && doc.recovered_execution !== undefined) {
        await requireExecution(trx, doc.recovered_execution);
      }
      await insertRows(trx, doc, total, recovered?.start);
      if (total > 0) {
        const { count } = await trx
          .selectFrom('recovered_slices')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('ex_id', '=', exId)
          .executeTakeFirstOrThrow();
        if (count !== total) throw new Error(`${count} of ${total} recovered slices were stored`);
        await markRecovered(trx, exId, recovered?.sources ?? []);
      }
    });
    return total;
  } catch (error) {
    if (recovered !== undefined) await discardStaged(db, exId);
    throw isActiveConflict(error) ? new CodedError('JOB_ACTIVE', { job_id: jobId }, { cause: error }) : error;
  }
}

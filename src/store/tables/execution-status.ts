/**
 * The status of an execution. The row is the truth for lists and for the API; the workflow is the truth
 * for the run and writes it here.
 *
 *   pending → scheduling → initializing → recovering | running ⇄ failing | paused | stopping → terminal
 *   any of them → terminal (closed: by `close`)
 *
 * A write of status carries a sequence number of its writer. It is taken if that is higher than the last
 * one, if it does not lead from the running group back to the beginning, and if the execution is not
 * terminal; repeating a terminal status is fine. `close` is the workflow's last word: it is taken whatever
 * was written before, once, and after it no status and no counters are.
 */
import { CodedError } from '../../errors.js';
import type { Database, ExecutionUpdate } from '../schema.js';
import {
  EXECUTION_STATUSES,
  INIT_STATUSES,
  isTerminal,
  RUNNING_STATUSES,
  type ExecutionDocument,
  type ExecutionRow,
  type ExecutionStatus,
  type ExecutionStore,
} from '../types.js';
import {
  documentChange,
  selectExecutions,
  selectProgress,
  toExecutionRow,
  type ExecutionChange,
  type ExecutionProgress,
} from './execution-rows.js';

const STATUSES: readonly string[] = EXECUTION_STATUSES;
const isInit = (status: string): boolean => (INIT_STATUSES as readonly string[]).includes(status);
const isRunning = (status: string): boolean => (RUNNING_STATUSES as readonly string[]).includes(status);

function accepts(row: ExecutionProgress, seq: number, status: ExecutionStatus): boolean {
  if (row.closed || seq <= row.status_seq) return false;
  if (status === row._status) return true;
  return !row.terminal && !(isRunning(row._status) && isInit(status));
}

/** The totals out of a final `_slicer_stats`, which may be newer than the last counters. */
function totalsOf({ _slicer_stats: stats = {} }: Partial<ExecutionDocument>): ExecutionUpdate {
  const { processed, failed, job_duration } = stats;
  return {
    ...(processed !== undefined && failed !== undefined && { processed, failed }),
    ...(job_duration !== undefined && { job_duration }),
  };
}

/** Reads both rows under locks, without the spec, which never changes, and lets `decide` say what to write. */
async function change(
  trx: Database,
  exId: string,
  decide: (row: ExecutionProgress) => ExecutionChange | undefined,
): Promise<void> {
  const row = await selectProgress(trx)
    .where('executions.ex_id', '=', exId)
    .forUpdate(['executions', 'execution_states'])
    .executeTakeFirst();
  const decided = row && decide(row);
  if (decided?.row !== undefined)
    await trx.updateTable('executions').set(decided.row).where('ex_id', '=', exId).execute();
  if (decided?.state !== undefined)
    await trx.updateTable('execution_states').set(decided.state).where('ex_id', '=', exId).execute();
}

/** The same, and the whole execution as it is afterwards. */
const changed = (
  db: Database,
  exId: string,
  decide: (row: ExecutionProgress) => ExecutionChange | undefined,
): Promise<ExecutionRow | undefined> =>
  db.transaction().execute(async (trx) => {
    await change(trx, exId, decide);
    const row = await selectExecutions(trx).where('executions.ex_id', '=', exId).executeTakeFirst();
    return row && toExecutionRow(row);
  });

export function executionStatus(
  db: Database,
): Pick<ExecutionStore, 'setStatus' | 'claim' | 'close' | 'setReport' | 'setMetadata'> {
  return {
    async setStatus(exId, seq, status, patch = {}) {
      if (!STATUSES.includes(status)) {
        throw new CodedError('ILLEGAL_STATUS', { reason: `"${status}" is not a status of an execution` });
      }
      return changed(db, exId, (row) => {
        if (!accepts(row, seq, status)) return undefined;
        const { row: columns, state } = documentChange(row, { ...patch, _status: status });
        return { row: { ...columns, ...totalsOf(patch), status_seq: seq }, state };
      });
    },

    async claim(exId, seq) {
      const { numUpdatedRows } = await db
        .updateTable('executions')
        .set({ _status: 'scheduling', status_seq: seq, _updated: new Date().toISOString() })
        .where('ex_id', '=', exId)
        .where('closed', '=', false)
        .where((eb) =>
          eb.or([
            eb.and([eb('_status', '=', 'pending'), eb('status_seq', '<', seq)]),
            eb.and([eb('_status', '=', 'scheduling'), eb('status_seq', '=', seq)]),
          ]),
        )
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async close(exId, seq, status, patch, report) {
      if (!isTerminal(status)) {
        throw new CodedError('ILLEGAL_STATUS', { reason: `an execution cannot end as "${status}"` });
      }
      return changed(db, exId, (row) => {
        if (row.closed) return undefined;
        const { row: columns, state } = documentChange(row, { ...patch, _status: status });
        const status_seq = Math.max(seq, row.status_seq);
        return {
          row: { ...columns, ...totalsOf(patch), status_seq, closed: true },
          state: { ...state, report: JSON.stringify(report ?? null) },
        };
      });
    },

    async setReport(exId, report) {
      await db
        .transaction()
        .execute((trx) =>
          change(trx, exId, (row) =>
            row.closed ? undefined : { state: { report: JSON.stringify(report) } },
          ),
        );
    },

    async setMetadata(exId, metadata) {
      await db
        .transaction()
        .execute((trx) =>
          change(trx, exId, (row) =>
            documentChange(row, { metadata: { ...row.state.metadata, ...metadata } }),
          ),
        );
    },
  };
}

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
  INIT_STATUSES,
  isTerminal,
  RUNNING_STATUSES,
  TERMINAL_STATUSES,
  type ExecutionDocument,
  type ExecutionRow,
  type ExecutionStatus,
  type ExecutionStore,
} from '../types.js';
import { changedColumns, selectWithSpec, toExecutionRow, type ExecutionRecord } from './execution-rows.js';

const STATUSES: readonly string[] = [...INIT_STATUSES, ...RUNNING_STATUSES, ...TERMINAL_STATUSES];
const isInit = (status: string): boolean => (INIT_STATUSES as readonly string[]).includes(status);
const isRunning = (status: string): boolean => (RUNNING_STATUSES as readonly string[]).includes(status);

function accepts(row: ExecutionRecord, seq: number, status: ExecutionStatus): boolean {
  if (row.closed || seq <= row.status_seq) return false;
  if (status === row._status) return true;
  return !row.terminal && !(isRunning(row._status) && isInit(status));
}

/** The slice totals out of a final `_slicer_stats`, which may be newer than the last counters. */
function totalsOf({ _slicer_stats: stats }: Partial<ExecutionDocument>): ExecutionUpdate {
  if (stats?.processed === undefined || stats.failed === undefined) return {};
  return { processed: stats.processed, failed: stats.failed };
}

/** Reads the row under a lock and lets `decide` say what to write; answers the row as it is afterwards. */
function change(
  db: Database,
  exId: string,
  decide: (row: ExecutionRecord) => ExecutionUpdate | undefined,
): Promise<ExecutionRow | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await selectWithSpec(trx)
      .where('executions.ex_id', '=', exId)
      .forUpdate('executions')
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const columns = decide(row);
    if (columns === undefined) return toExecutionRow(row, row.spec);
    const written = await trx
      .updateTable('executions')
      .set(columns)
      .where('ex_id', '=', exId)
      .returningAll()
      .executeTakeFirstOrThrow();
    return toExecutionRow(written, row.spec);
  });
}

export function executionStatus(
  db: Database,
): Pick<ExecutionStore, 'setStatus' | 'claim' | 'close' | 'setReport' | 'setMetadata'> {
  return {
    async setStatus(exId, seq, status, patch = {}) {
      if (!STATUSES.includes(status)) {
        throw new CodedError('ILLEGAL_STATUS', { reason: `"${status}" is not a status of an execution` });
      }
      return change(db, exId, (row) => {
        if (!accepts(row, seq, status)) return undefined;
        return {
          ...changedColumns(row, { ...patch, _status: status }),
          ...totalsOf(patch),
          status_seq: seq,
        };
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
      return change(db, exId, (row) => {
        if (row.closed) return undefined;
        return {
          ...changedColumns(row, { ...patch, _status: status }),
          ...totalsOf(patch),
          status_seq: Math.max(seq, row.status_seq),
          closed: true,
          report: JSON.stringify(report ?? null),
        };
      });
    },

    async setReport(exId, report) {
      await db
        .updateTable('executions')
        .set({ report: JSON.stringify(report) })
        .where('ex_id', '=', exId)
        .where('closed', '=', false)
        .execute();
    },

    async setMetadata(exId, metadata) {
      await change(db, exId, (row) =>
        changedColumns(row, { metadata: { ...row.state.metadata, ...metadata } }),
      );
    },
  };
}

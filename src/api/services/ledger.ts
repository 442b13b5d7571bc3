import type { ExecutionRow, ExecutionStatus, LedgerTally } from '../../store/types.js';
import type { ApiDependencies } from '../dependencies.js';

/** The books of an execution. */
export interface LedgerReport extends LedgerTally {
  ex_id: string;
  job_id: string;
  status: ExecutionStatus;
  /** Whether issued = completed + failed + pending: false would mean that a slice was lost or counted twice. */
  balanced: boolean;
  /**
   * Who says so: the final `report`; the `workflow` itself, also a terminated one; or, when Temporal does not
   * know it any more, the live numbers as they were written last (`counters`), which may be behind.
   */
  source: 'report' | 'workflow' | 'counters';
}

/** @throws CodedError TEMPORAL_UNAVAILABLE */
export async function ledgerReport(
  { engine }: Pick<ApiDependencies, 'engine'>,
  row: ExecutionRow,
): Promise<LedgerReport> {
  const { ex_id, job_id, _status: status } = row.doc;
  const { source, tally } = await tallyOf(engine, row);
  const balanced = tally.issued === tally.completed + tally.failed + tally.pending;
  return { ex_id, job_id, status, ...tally, balanced, source };
}

async function tallyOf(
  engine: ApiDependencies['engine'],
  { doc, report, counters }: ExecutionRow,
): Promise<{ source: LedgerReport['source']; tally: LedgerTally }> {
  if (report) {
    const { issued, completed, failed, pending, recovered } = report;
    return { source: 'report', tally: { issued, completed, failed, pending: pending.length, recovered } };
  }
  const tally = await engine.tally(doc.ex_id);
  if (tally) return { source: 'workflow', tally };
  const { issued = 0, completed = 0, failed = 0, pending = 0 } = counters ?? {};
  return { source: 'counters', tally: { issued, completed, failed, pending, recovered: 0 } };
}

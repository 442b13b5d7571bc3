import type { Counters, ExecutionStatus, LedgerSnapshot } from '../store/types.js';
import type { Ledger } from './ledger.js';
import type { Parts } from './parts.js';
import type { ExecutionInput, SlicerState } from './types.js';

/** What a run says of itself: live numbers, the text in the Web UI, and how it ended. Pure. */

/**
 * Live numbers; those of workers are for placement to fill in. `started` in ms of workflow time. A slice that waits in a
 * lease is queued: a worker has one at hand.
 */
export function countersOf(
  ledger: Ledger,
  slicer: SlicerState | undefined,
  { started, workers }: { started: number; workers: number },
): Counters {
  const { issued, completed, failed, pending, processed, records, times } = ledger;
  const atHand = Math.min(ledger.leased + ledger.running.length, workers);
  return {
    issued,
    completed,
    failed,
    pending,
    running: ledger.running.length,
    records,
    times,
    stats: {
      workers_available: 0,
      workers_active: 0,
      workers_joined: 0,
      workers_reconnected: 0,
      workers_disconnected: 0,
      job_duration: Math.max(1, Math.round((Date.now() - started) / 1_000)),
      failed,
      subslices: slicer?.subslices ?? 0,
      queued: Math.max(pending - atHand, 0),
      slice_range_expansion: slicer?.rangeExpansion ?? 0,
      processed,
      slicers: slicer?.slicers ?? 0,
      subslice_by_key: slicer?.subsliceByKey ?? 0,
      started: new Date(started).toISOString(),
      ...(slicer?.queuingComplete
        ? { queuing_complete: new Date(slicer.queuingComplete).toISOString() }
        : {}),
    },
  };
}

/** What a recovery goes on from. */
export function snapshotOf({
  settings: { recovery },
  ledger,
  slicer: { state },
  parked,
}: Pick<Parts, 'settings' | 'ledger' | 'slicer' | 'parked'>): LedgerSnapshot {
  return {
    ...ledger.tally(),
    pending: ledger.owed(),
    started: ledger.begun,
    last: ledger.lastMade(),
    // In this execution or in the one that it goes on from.
    slicerDone: recovery?.replayOnly ? recovery.slicerDone : state.done,
    pages: state.pages,
    recoveredPosition: parked.position,
    recoveredEnd: parked.end,
    recoverable: state.recoverable,
  };
}

/** What the Web UI shows on the execution's page, in Markdown. */
export function detailsOf(
  input: Pick<ExecutionInput, 'name' | 'jobId'>,
  ledger: Ledger,
  run: { status: ExecutionStatus; workers: number; fatal: string | null },
): string {
  const { issued, completed, failed, pending, records } = ledger;
  return [
    `**${input.name.replace(/[\\`*_[\]<>]/g, '\\$&')}** is ${run.status}`,
    // Without it the list is read as part of the paragraph.
    '',
    `- job \`${input.jobId}\``,
    `- slices: ${issued} issued, ${completed} completed, ${failed} failed, ${pending} pending`,
    `- records: ${records.join(' → ') || 'none yet'}`,
    `- ${run.workers} workers, ${ledger.leased} leases out, ${ledger.running.length} slices outlasting theirs`,
    ...(run.fatal === null ? [] : [`- ends because: ${run.fatal.slice(0, 200)}`]),
  ].join('\n');
}

/** What the ledger does not say of how a run ended. */
export interface Ending {
  stopped: boolean;
  /** Why it could not go on. */
  fatal: string | null;
  /** Why flushes failed, one line a host. */
  failedFlushes: string[];
  /** Hosts of stateful operations that were lost before their flush. */
  lostHosts: number;
}

/** `completed` is only said of a ledger that balances, with nothing failed and nothing owed. */
export function verdictOf(
  exId: string,
  ledger: Ledger,
  { stopped, fatal, failedFlushes, lostHosts }: Ending,
): { status: ExecutionStatus; reason: string } {
  const { issued, completed, failed, pending } = ledger;
  const reasons: string[] = [];
  if (fatal !== null) reasons.push(fatal);
  if (failed > 0 && !stopped) {
    const plural = failed === 1 ? 'slice failure' : 'slice failures';
    reasons.push(`execution: ${exId} had ${failed} ${plural} during processing`);
  }
  if (failedFlushes.length > 0) reasons.push(`flush failed: ${failedFlushes.join('; ')}`);
  if (lostHosts > 0 && !stopped) {
    reasons.push(`${lostHosts} worker(s) of stateful operations were lost before their flush`);
  }
  if (reasons.length > 0) return { status: 'failed', reason: reasons.join('; ') };
  if (stopped) return { status: 'stopped', reason: '' };
  if (ledger.balanced && pending === 0 && issued === completed) return { status: 'completed', reason: '' };
  return {
    status: 'failed',
    reason: `the ledger of ${exId} does not balance: ${issued} issued, ${completed} completed`,
  };
}

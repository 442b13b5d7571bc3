import { ApplicationFailure, Context, heartbeat } from '@temporalio/activity';
import { CodedError } from '../errors.js';
import { isGone, oldHostsGone } from './gone-hosts.js';
import type { FailedSlice, SlicerStats, Store } from '../store/types.js';
import { withoutStack } from '../without-stack.js';
import { sliceId } from '../workflows/slice-id.js';
import { FAILURES_REFUSED, type MasterActivities } from '../workflows/types.js';
import { TUNING } from '../workflows/tuning.js';
import { PackingMeter } from '../workers/packing-meter.js';
import type { Placement } from '../workers/placement/placement.js';

/**
 * Classes of SQLSTATE of a statement that fails however often it is tried: data that do not fit, a violated constraint,
 * a limit of the database.
 */
const LASTING = ['22', '23', '54'];

interface Dependencies {
  store: Store;
  placement: Placement;
  /** Silence after which a node has ended its worker hosts, in ms. */
  fenceTimeout: number;
}

/** What a workflow asks of the store and of placement. All of it can be asked again. */
export function masterActivities({ store, placement, fenceTimeout }: Dependencies): MasterActivities {
  /** Heartbeats and waits for hosts to change until `look` gives something. */
  async function untilHosts<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      heartbeat();
      const found = await look();
      if (found !== undefined) return found;
      await placement.nextChange(500, Context.current().cancellationSignal);
      Context.current().cancellationSignal.throwIfAborted();
    }
  }

  /** The workflow's numbers with those that only placement knows. */
  async function withWorkers(exId: string, stats: SlicerStats): Promise<SlicerStats> {
    return { ...stats, ...(await store.placement.workerNumbers([exId])).get(exId) };
  }

  return {
    async claimExecution({ exId }) {
      const row = await store.executions.get(exId);
      if (!row) return null;
      await oldHostsGone(store, row.doc, fenceTimeout);
      if (!(await store.executions.claim(exId, 1))) return null;
      const { lifecycle, max_retries, probation_window, stateful, max_failed_slices } = row.doc;
      return {
        lifecycle,
        workers: row.workers_wanted,
        maxRetries: max_retries,
        probationWindow: probation_window,
        stateful,
        maxFailedSlices: max_failed_slices,
        recovery: row.recovery,
        tuning: TUNING,
      };
    },

    async setStatus({ exId, seq, status, failureReason, counters, countersSeq }) {
      // Whoever reads the status reads numbers that are as new: paused means that they stand still.
      await store.executions.writeCounters([{ ex_id: exId, seq: countersSeq, counters }]);
      const failure =
        failureReason === undefined
          ? {}
          : {
              _failureReason: failureReason,
              _has_errors: true,
              _slicer_stats: await withWorkers(exId, counters.stats),
            };
      await store.executions.setStatus(exId, seq, status, failure);
      if (status === 'stopping') placement.kick();
    },

    async recordFailures({ exId, slices, read }) {
      const now = new Date().toISOString();
      const failures = slices.map(({ slice, error, retries }): FailedSlice => ({
        ex_id: exId,
        slice_id: sliceId(exId, slice),
        slicer_id: slice[0],
        slicer_order: slice[1],
        request: slice[2],
        state: 'error',
        error,
        ...(retries > 0 ? { retry_count: retries } : {}),
        _created: now,
        _updated: now,
      }));
      await store.failures.write(failures, read).catch((error: unknown) => {
        const { code } = error as { code?: unknown };
        if (typeof code !== 'string' || !LASTING.includes(code.slice(0, 2))) throw error;
        throw ApplicationFailure.nonRetryable(
          `failed slices cannot be stored (SQLSTATE ${code}): ${(error as Error).message}`,
          FAILURES_REFUSED,
        );
      });
    },

    async takeFailures({ exId, id, filter }) {
      try {
        const taken = await store.failures.takeForReplay(exId, id, filter);
        const row = await store.executions.get(exId);
        return { ...taken, ...(row && { base: row.recovered_at_insert }) };
      } catch (error) {
        if (!(error instanceof CodedError) || error.retry) throw error;
        throw ApplicationFailure.nonRetryable(error.message, error.code);
      }
    },

    async recoveredSlices({ exId, position, limit, bytes, end = 0 }) {
      const row = await store.executions.get(exId);
      // What is put there for a replay of which the run has not heard yet is not its to read.
      const known = Math.max(row?.recovered_at_insert ?? 0, end);
      if (position >= known) return { slices: [], next: null };
      const slices = await store.pages.recovered(exId, position, Math.min(limit, known - position), bytes);
      // The same position again, at once and for ever, would be the run's answer to none.
      if (slices.length === 0) throw new Error(`recovered slices of ${exId} are missing from ${position} on`);
      const next = position + slices.length;
      const packing = new PackingMeter().add(slices);
      return { slices, next: next < known ? next : null, ...(packing !== undefined && { packing }) };
    },

    readPage({ exId, page }) {
      return store.pages.readPage(exId, page);
    },

    async hostGone({ host }) {
      const row = await store.placement.host(host);
      return row === undefined || isGone(row, fenceTimeout);
    },

    async finishHosts({ exId }) {
      return untilHosts(async () => {
        // Each time: whoever asks for more workers meanwhile must not get any.
        await store.executions.setWorkersWanted(exId, 0);
        placement.kick();
        const hosts = await store.placement.hostsOf(exId);
        // One whose node is silent may still be at work, and may still say how its flush went.
        if (hosts.some((host) => !isGone(host, fenceTimeout))) return undefined;
        const workers = hosts.filter(({ kind }) => kind === 'worker');
        return {
          failed: workers
            .filter(({ outcome }) => outcome === 'failed')
            .map(({ host_id, reason }) => `${host_id}: ${withoutStack(reason ?? 'unknown')}`)
            .slice(0, 20),
          lost: workers.filter(({ outcome }) => outcome === 'lost' || outcome === 'silent').length,
        };
      });
    },

    async closeExecution({ exId, seq, status, failureReason, counters, ledger }) {
      const stats = { ...(await withWorkers(exId, counters.stats)), records: counters.records };
      await store.executions.writeCounters([{ ex_id: exId, seq: Number.MAX_SAFE_INTEGER, counters }]);
      await store.executions.close(
        exId,
        seq,
        status,
        { _failureReason: failureReason, _has_errors: status === 'failed', _slicer_stats: stats },
        ledger,
      );
      if (ledger.pages.length === 0) await store.pages.clear(exId);
      placement.kick();
    },
  };
}

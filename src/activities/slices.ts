import { Context, heartbeat } from '@temporalio/activity';
import type { HostProcess } from '../workers/node/host-process.js';
import type { CollectInput, CollectResult, LeaseInput, LeaseResult } from '../workflows/types.js';

const HEARTBEAT_MS = 1_000;

/** Heartbeats from the node's own thread while `work` goes on; `cancelled` fires when Temporal says so. */
export async function heartbeating<T>(work: (cancelled: AbortSignal) => Promise<T>): Promise<T> {
  const beat = setInterval(() => heartbeat(), HEARTBEAT_MS);
  try {
    return await work(Context.current().cancellationSignal);
  } finally {
    clearInterval(beat);
  }
}

/** What the activities see of the node. */
export interface SliceHosts {
  /** Unique to this start of the node. */
  incarnation: string;
  /** False while the node is cut off from Temporal: it must not take up work. */
  connected(): boolean;
  workers(exId: string): HostProcess[];
}

/**
 * Runs a lease on whichever host of the execution is idle. With none (it died, or is being drained) it
 * answers that nothing was done, which costs no slice anything.
 */
export const processSlices =
  (node: SliceHosts) =>
  (input: LeaseInput): Promise<LeaseResult> =>
    heartbeating(async (cancelled) => {
      const host = node.workers(input.exId).find((candidate) => candidate.counts && !candidate.busy);
      if (!host || !node.connected() || cancelled.aborted) return { done: 0, failed: [], ms: 0 };
      return host.leases.run(input, node.incarnation, cancelled);
    });

/** Waits for the outcome of a slice that outlasted its lease; repeatable until the execution has ended. */
export const collectSlice =
  (node: { outcomes(hostId: string): HostProcess['leases'] | undefined }) =>
  (input: CollectInput): Promise<CollectResult> =>
    heartbeating(
      async (cancelled) =>
        (await Promise.race([
          node.outcomes(input.host)?.outcomeOf(input.slice) ??
            Promise.resolve<CollectResult>({ outcome: 'unknown' }),
          new Promise<never>((_, reject) => {
            cancelled.addEventListener('abort', () => reject(Context.current().cancelled), { once: true });
          }),
        ])) as CollectResult,
    );

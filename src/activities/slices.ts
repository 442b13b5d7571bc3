import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { LeaseHeartbeats } from '../workers/node/lease-heartbeats.js';
import type { SliceOutcomes } from '../workers/node/slice-outcomes.js';
import type { WaitingLeases } from '../workers/node/waiting-leases.js';
import type { CollectInput, CollectResult, LeaseInput, LeaseResult } from '../workflows/types.js';

const HEARTBEAT_MS = 1_000;
/** Pause before a node that is cut off says so, in ms: it would be asked again at once. */
const CUT_OFF_MS = 1_000;

/** How an activity hears that it is cancelled. */
export interface Cancellation {
  signal: AbortSignal;
  /** Rejects with a CancelledFailure; never resolves. */
  rejects: Promise<never>;
}

/** Heartbeats from the node's own thread while `work` goes on. */
export async function heartbeating<T>(work: (cancelled: Cancellation) => Promise<T>): Promise<T> {
  // Taken now: listeners and timers run outside of the activity's context.
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  context.cancelled.catch(() => undefined);
  try {
    return await work({ signal: context.cancellationSignal, rejects: context.cancelled });
  } finally {
    clearInterval(beat);
  }
}

/** Waits a little where an answer would only bring the same question again; a cancellation ends it. */
export const whileCutOff = (signal: AbortSignal): Promise<void> =>
  delay(CUT_OFF_MS, undefined, { signal }).catch(() => undefined);

/** What the activities see of the node. */
export interface SliceHosts {
  /** Unique to this start of the node. */
  incarnation: string;
  /** False while the node is cut off from Temporal: it must not take up work. */
  connected(): boolean;
  heartbeats: LeaseHeartbeats;
  leases: WaitingLeases;
}

/**
 * Runs a lease on whichever host of the execution is idle, now or soon. With none (it died, is being drained, or has
 * a long slice) it answers that nothing was done, which costs no slice anything.
 */
export const processSlices =
  (node: SliceHosts) =>
  (input: LeaseInput): Promise<LeaseResult> => {
    // Taken now: timers run outside of the activity's context.
    const context = Context.current();
    context.cancelled.catch(() => undefined);
    const lease = {
      number: input.lease,
      beat: () => context.heartbeat(),
      cancelled: context.cancellationSignal,
    };
    return node.heartbeats.during(input.exId, lease, async (signal) => {
      const nothing: LeaseResult = { done: 0, failed: [], ms: 0 };
      if (!node.connected()) {
        await whileCutOff(signal);
        return nothing;
      }
      const result = await node.leases.give(input.exId, signal, async (host) =>
        node.connected() ? host.leases.run(input, node.incarnation, signal) : nothing,
      );
      return result ?? nothing;
    });
  };

/** Waits for the outcome of a slice that outlasted its lease; repeatable until the execution has ended. */
export const collectSlice =
  (node: { outcomes(hostId: string): Pick<SliceOutcomes, 'of'> | undefined }) =>
  (input: CollectInput): Promise<CollectResult> =>
    heartbeating(async ({ rejects }) => {
      const outcome = node.outcomes(input.host)?.of(input.slice);
      return outcome ? Promise.race([outcome, rejects]) : { outcome: 'unknown' };
    });

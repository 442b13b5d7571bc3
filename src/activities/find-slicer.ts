import { ApplicationFailure, Context, heartbeat } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { Store } from '../store/types.js';
import type { WaitingActivities } from '../workflows/types.js';
import type { Placement } from '../workers/placement/placement.js';

/** Executions that wait inside, counted from the front of the line. */
const FRONT = 50;
/** Time after which one comes again, for each that is before it, in ms; and at most. */
const PAUSE_PER_PLACE_MS = 100;
const MAX_PAUSE_MS = 60_000;

/**
 * Waits until an execution has a slicer, and says where.
 *
 *     not in line → (placed) → answered
 *          ↑↓ each plan            ↑
 *     among the first in line ─────┘
 *          ↑↓
 *     further back → refused; Temporal asks again the later, the further back
 *
 * So any number of executions can wait: a slot, heartbeats and a wake-up at each change are for the few that are next.
 * The others cost an attempt now and then, and nothing in their histories. Where one is in the line is known from
 * placement; the store is only asked once it has left it.
 */
export const findSlicer =
  (store: Pick<Store, 'placement'>, placement: Placement): WaitingActivities['findSlicer'] =>
  async ({ exId }) => {
    const { cancellationSignal: cancelled } = Context.current();
    for (;;) {
      heartbeat();
      const before = placement.waitsBehind(exId);
      if (before === undefined) {
        const hosts = await store.placement.liveHosts({ ex_id: exId });
        const slicer = hosts.find(({ kind, draining }) => kind === 'slicer' && !draining);
        if (slicer) return { epoch: slicer.epoch };
      } else if (before >= FRONT) {
        throw ApplicationFailure.create({
          message: `${before} executions will get a slicer before this one`,
          type: 'NO_SLICER_YET',
          nextRetryDelay: pause(before),
          category: ApplicationFailureCategory.BENIGN,
        });
      }
      await placement.nextChange(1_000, cancelled);
      cancelled.throwIfAborted();
    }
  };

/** Spread, so that those who came together do not come again together. */
const pause = (before: number): number =>
  Math.round(Math.min(before * PAUSE_PER_PLACE_MS, MAX_PAUSE_MS) * (0.75 + Math.random() / 2));

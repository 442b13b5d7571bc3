import type {
  CustomSlotSupplier,
  SlotPermit,
  SlotReleaseContext,
  SlotReserveContext,
  WorkflowSlotInfo,
} from '@temporalio/worker';
import { CountedSlots } from '../slots.js';

/** Tasks of runs that this master has in memory, at the same time: a few ms each, most of it waiting for Temporal. */
const CACHED_SLOTS = 100;

/**
 * Runs that are replayed at the same time. A run that was at work for long takes two seconds of the one thread that
 * replays, and a task that is not answered in `WORKFLOW_TASK_TIMEOUT` begins again from the start: of many runs that
 * were replayed together, as after the death of a master, none may ever get there.
 */
const REPLAY_SLOTS = 1;

interface Permit extends SlotPermit {
  pool: CountedSlots<WorkflowSlotInfo>;
}

/** Slots for workflow tasks: those of runs in memory wait for no replay. */
export class WorkflowSlots implements CustomSlotSupplier<WorkflowSlotInfo> {
  readonly type = 'custom';
  private readonly cached = new CountedSlots<WorkflowSlotInfo>(() => CACHED_SLOTS);
  private readonly replayed = new CountedSlots<WorkflowSlotInfo>(() => REPLAY_SLOTS);

  async reserveSlot(context: SlotReserveContext, abort: AbortSignal): Promise<Permit> {
    const pool = this.poolOf(context);
    await pool.reserveSlot(context, abort);
    return { pool };
  }

  tryReserveSlot(context: SlotReserveContext): Permit | null {
    const pool = this.poolOf(context);
    return pool.tryReserveSlot() && { pool };
  }

  markSlotUsed(): void {}

  releaseSlot({ permit }: SlotReleaseContext<WorkflowSlotInfo>): void {
    (permit as Permit).pool.releaseSlot();
  }

  /** Only the queue of a master's own brings tasks of runs that it has in memory. */
  private poolOf({ isSticky }: SlotReserveContext): CountedSlots<WorkflowSlotInfo> {
    return isSticky ? this.cached : this.replayed;
  }
}

import type {
  CustomSlotSupplier,
  SlotInfo,
  SlotMarkUsedContext,
  SlotPermit,
  SlotReserveContext,
} from '@temporalio/worker';

/**
 * Counts the tasks that may be at hand: a permit is granted while fewer are out than the capacity.
 *
 * A permit stands for a number: the SDK does not tell which one an activity got, and a permit behind an open poll
 * cannot be taken back.
 */
export class CountedSlots<SI extends SlotInfo> implements CustomSlotSupplier<SI> {
  readonly type = 'custom';
  private out = 0;
  private waiting: Array<() => void> = [];

  constructor(private readonly capacity: () => number) {}

  async reserveSlot(_context: SlotReserveContext, abort: AbortSignal): Promise<SlotPermit> {
    while (this.out >= this.capacity()) {
      await new Promise<void>((resolve, reject) => {
        // The SDK takes anything but the signal's own reason for a fault.
        const refuse = (): void => reject(abort.reason);
        if (abort.aborted) refuse();
        abort.addEventListener('abort', refuse, { once: true });
        this.waiting.push(() => {
          abort.removeEventListener('abort', refuse);
          resolve();
        });
      });
    }
    this.out++;
    return {};
  }

  tryReserveSlot(): SlotPermit | null {
    if (this.out >= this.capacity()) return null;
    this.out++;
    return {};
  }

  markSlotUsed(_context: SlotMarkUsedContext<SI>): void {}

  releaseSlot(): void {
    this.out--;
    this.changed();
  }

  /** The capacity changed: whoever waits looks again. */
  changed(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const wake of waiting) wake();
  }
}

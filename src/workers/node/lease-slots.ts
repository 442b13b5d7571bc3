import type {
  ActivitySlotInfo,
  CustomSlotSupplier,
  SlotMarkUsedContext,
  SlotPermit,
  SlotReserveContext,
} from '@temporalio/worker';
import type { HostProcess } from './host-process.js';

/**
 * Leases that a node may hold: one for each host that can take one, and another that waits behind each whose lease
 * is about to end, so that no host is idle for a round trip.
 */
export function leaseCapacity(hosts: HostProcess[]): number {
  const able = hosts.filter((host) => host.counts);
  return able.length + able.filter((host) => host.leases.wantsNext).length;
}

/**
 * Counts the leases that a node may hold for one execution.
 *
 * A permit is granted while fewer are out than the capacity. It stands for a number, not for a
 * host: the SDK does not tell which permit an activity got, and a permit behind an open poll cannot be
 * taken back, so an activity may start when no host is left, and says so.
 */
export class LeaseSlots implements CustomSlotSupplier<ActivitySlotInfo> {
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

  markSlotUsed(_context: SlotMarkUsedContext<ActivitySlotInfo>): void {}

  releaseSlot(): void {
    this.out--;
    this.changed();
  }

  /** Hosts came or went: whoever waits looks again. */
  changed(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const wake of waiting) wake();
  }
}

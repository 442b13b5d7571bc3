import type { InjectedSinks } from '@temporalio/worker';
import type { LeaseSinks } from '../../workflows/calls.js';

/** How long a cancellation is told, in ms: longer than a node pauses between two presences. */
const TOLD_MS = 5_000;

/**
 * Leases that were cancelled a moment ago, for the nodes that ask this master. Temporal tells of a cancellation in the
 * answer to a heartbeat only, which may be a second away; a presence that is held is answered at once. It is no more than
 * a hint, lost with its master, and not known to others: what it misses, heartbeats bring.
 */
export class LeaseHalts {
  private readonly latest = new Map<string, number>();

  /** @param changed called when there is something to tell */
  constructor(private readonly changed: () => void) {}

  readonly sinks: InjectedSinks<LeaseSinks> = {
    leases: {
      cancelled: {
        fn: (_info, exId, lease) => this.add(exId, lease),
        callDuringReplay: false,
      },
    },
  };

  /** The last lease that was cancelled, with all before it, for those of the executions that have one. */
  of(exIds: Iterable<string>): Record<string, number> {
    const found: Record<string, number> = {};
    for (const exId of exIds) {
      const lease = this.latest.get(exId);
      if (lease !== undefined) found[exId] = lease;
    }
    return found;
  }

  private add(exId: string, lease: number): void {
    this.latest.set(exId, lease);
    setTimeout(() => {
      if (this.latest.get(exId) === lease) this.latest.delete(exId);
    }, TOLD_MS).unref();
    this.changed();
  }
}

/** Time in ms after which a lease is heard of again: Temporal gives one up after five seconds. */
const EACH_MS = 2_000;
/** The same for any lease of an execution: for so long, at most, a cancellation stays unknown. */
const ANY_MS = 1_000;
const LOOK_MS = 250;

/** A lease, as far as heartbeats go. */
export interface BeatingLease {
  /** Sends a heartbeat; its answer may bring a cancellation. */
  beat(): void;
  /** Aborts when the lease is cancelled. */
  cancelled: AbortSignal;
}

interface Group {
  exId: string;
  /** When each lease was heard of last, the longest ago first. */
  leases: Map<BeatingLease, number>;
  /** When any of them was. */
  last: number;
  cancellation: AbortController;
}

/**
 * Heartbeats of the leases that a node has, of each execution as a group.
 *
 *     (the first lease joins) → open → (a lease is cancelled) → closed: whoever comes then begins a new group
 *                                 └──────────┴→ (the last lease leaves) → gone
 *
 * Temporal tells of a cancellation only in the answer to a heartbeat, and each heartbeat costs it a write. All leases of
 * an execution are cancelled at the same time, so it is enough if one of them asks each second.
 */
export class LeaseHeartbeats {
  private readonly groups = new Set<Group>();
  private readonly open = new Map<string, Group>();
  private timer: NodeJS.Timeout | undefined;

  /** Heartbeats while `work` goes on. The signal that it gets aborts when any lease of the execution is cancelled. */
  async during<T>(
    exId: string,
    lease: BeatingLease,
    work: (cancelled: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const group = this.join(exId, lease);
    const close = (): void => this.close(group);
    if (lease.cancelled.aborted) close();
    lease.cancelled.addEventListener('abort', close, { once: true });
    try {
      return await work(group.cancellation.signal);
    } finally {
      lease.cancelled.removeEventListener('abort', close);
      this.leave(group, lease);
    }
  }

  private join(exId: string, lease: BeatingLease): Group {
    const now = performance.now();
    let group = this.open.get(exId);
    if (!group) {
      group = { exId, leases: new Map(), last: now, cancellation: new AbortController() };
      this.open.set(exId, group);
      this.groups.add(group);
      this.timer ??= setInterval(() => this.look(), LOOK_MS);
    }
    group.leases.set(lease, now);
    return group;
  }

  private leave(group: Group, lease: BeatingLease): void {
    group.leases.delete(lease);
    if (group.leases.size > 0) return;
    this.groups.delete(group);
    if (this.open.get(group.exId) === group) this.open.delete(group.exId);
    if (this.groups.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** The execution may have been resumed by the time that the next lease comes. */
  private close(group: Group): void {
    if (this.open.get(group.exId) === group) this.open.delete(group.exId);
    group.cancellation.abort();
  }

  private look(): void {
    const now = performance.now();
    for (const group of this.groups) {
      for (const [lease, last] of group.leases) {
        if (now - last < EACH_MS && now - group.last < ANY_MS) break;
        group.last = now;
        // Behind all others: the map stays in the order of time.
        group.leases.delete(lease);
        group.leases.set(lease, now);
        lease.beat();
      }
    }
  }
}

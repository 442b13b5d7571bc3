/** Time in ms after which a lease is heard of again: Temporal gives one up after five seconds. */
const EACH_MS = 2_000;
/** The same for any lease of an execution: with a look more, a cancellation stays unknown for so long at most. */
const ANY_MS = 750;
const LOOK_MS = 250;

/** A lease, as far as heartbeats go. */
export interface BeatingLease {
  number: number;
  /** Sends a heartbeat; its answer may bring a cancellation. */
  beat(): void;
  /** Aborts when the lease is cancelled. */
  cancelled: AbortSignal;
}

interface Member {
  lease: BeatingLease;
  /** When it was heard of last. */
  last: number;
  /** Of its own: what listens to it must go with the lease, while its group may last for days. */
  halt: AbortController;
}

interface Group {
  exId: string;
  /** In the order in which they were heard of, the longest ago first. */
  members: Set<Member>;
  /** When any of them was heard of. */
  last: number;
}

/**
 * Heartbeats of the leases that a node has, of each execution as a group.
 *
 *     (the first lease joins) → open → (a lease is cancelled) → closed: whoever comes then begins a new group
 *                                 └──────────┴→ (the last lease leaves) → gone
 *
 * Temporal tells of a cancellation only in the answer to a heartbeat, and each heartbeat costs it a write. All leases of
 * an execution are cancelled at the same time, so it is enough if one of them asks often. A master may say so before
 * ({@link halt}).
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
    const { group, member } = this.join(exId, lease);
    const close = (): void => this.close(group);
    if (lease.cancelled.aborted) close();
    lease.cancelled.addEventListener('abort', close, { once: true });
    try {
      return await work(member.halt.signal);
    } finally {
      lease.cancelled.removeEventListener('abort', close);
      this.leave(group, member);
    }
  }

  /** Ends the leases of an execution up to this number as if Temporal had said it: they are being cancelled. */
  halt(exId: string, upTo: number): void {
    for (const group of this.groups) {
      if (group.exId !== exId) continue;
      const halted = [...group.members].filter(({ lease }) => lease.number <= upTo);
      if (halted.length === 0) continue;
      // What comes from now on must not hear of it once more, when Temporal tells.
      if (this.open.get(exId) === group) this.open.delete(exId);
      for (const { halt } of halted) halt.abort();
    }
  }

  private join(exId: string, lease: BeatingLease): { group: Group; member: Member } {
    const now = performance.now();
    let group = this.open.get(exId);
    if (!group) {
      group = { exId, members: new Set(), last: now };
      this.open.set(exId, group);
      this.groups.add(group);
      this.timer ??= setInterval(() => this.look(), LOOK_MS);
    }
    const member = { lease, last: now, halt: new AbortController() };
    group.members.add(member);
    return { group, member };
  }

  private leave(group: Group, member: Member): void {
    group.members.delete(member);
    if (group.members.size > 0) return;
    this.groups.delete(group);
    if (this.open.get(group.exId) === group) this.open.delete(group.exId);
    if (this.groups.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** The execution may have been resumed by the time that the next lease comes. */
  private close(group: Group): void {
    if (this.open.get(group.exId) === group) this.open.delete(group.exId);
    for (const { halt } of group.members) halt.abort();
  }

  private look(): void {
    const now = performance.now();
    for (const group of this.groups) {
      for (const member of group.members) {
        if (now - member.last < EACH_MS && now - group.last < ANY_MS) break;
        group.last = now;
        member.last = now;
        // Behind all others: they stay in the order of time.
        group.members.delete(member);
        group.members.add(member);
        member.lease.beat();
      }
    }
  }
}

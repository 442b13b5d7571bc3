import type { HostProcess } from './host-process.js';

/** Longest time that a lease waits for a host, in ms: it is fetched when those at hand are about to end. */
const WAIT_MS = 1_500;

interface Waiter {
  settle(host: HostProcess | undefined): void;
}

/**
 * Leases that a node has taken up while all hosts of their execution were busy, so that a host begins the next one
 * the moment it has ended the one at hand.
 *
 *     arrived → (an idle host) → given to it
 *        └→ waiting → (a host is free: first come, first served) → given to it
 *              └→ (too long, cancelled, or no host comes back soon) → given up: nothing of it was done
 */
export class WaitingLeases {
  private readonly waiting = new Map<string, Waiter[]>();

  constructor(private readonly workers: (exId: string) => HostProcess[]) {}

  /**
   * Gives the lease to a host of the execution, with `run`, once one is idle; `run` is called in the same turn, so
   * that nobody else takes the host.
   * @returns what `run` returns; undefined if the lease was given up
   */
  give<T>(
    exId: string,
    cancelled: AbortSignal,
    run: (host: HostProcess) => Promise<T>,
  ): Promise<T | undefined> {
    if (cancelled.aborted) return Promise.resolve(undefined);
    const idle = this.idle(exId);
    if (idle) {
      // The others of the execution are cancelled too, and should not begin before they hear of it.
      cancelled.addEventListener('abort', () => this.giveUp(exId), { once: true });
      return run(idle);
    }
    if (!this.soon(exId)) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        settle: (host) => {
          clearTimeout(timer);
          this.remove(exId, waiter);
          if (host) run(host).then(resolve, reject);
          else resolve(undefined);
        },
      };
      const timer = setTimeout(() => waiter.settle(undefined), WAIT_MS);
      cancelled.addEventListener('abort', () => this.giveUp(exId), { once: true });
      this.waiting.set(exId, [...(this.waiting.get(exId) ?? []), waiter]);
    });
  }

  /** Hosts became idle, came or went. */
  changed(): void {
    for (const [exId, waiters] of this.waiting) {
      for (const waiter of waiters) {
        const host = this.idle(exId);
        if (host) waiter.settle(host);
      }
      if (!this.soon(exId)) this.giveUp(exId);
    }
  }

  private giveUp(exId: string): void {
    for (const waiter of this.waiting.get(exId) ?? []) waiter.settle(undefined);
  }

  private remove(exId: string, waiter: Waiter): void {
    const rest = (this.waiting.get(exId) ?? []).filter((other) => other !== waiter);
    if (rest.length > 0) this.waiting.set(exId, rest);
    else this.waiting.delete(exId);
  }

  private idle(exId: string): HostProcess | undefined {
    return this.workers(exId).find((host) => host.counts && !host.busy);
  }

  private soon(exId: string): boolean {
    return this.workers(exId).some((host) => host.counts && host.leases.brisk);
  }
}

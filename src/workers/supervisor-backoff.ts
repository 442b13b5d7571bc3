const SHORTEST = 200;
const LONGEST = 5_000;
const HEALTHY_AFTER = 30_000;

/** Waiting times between restarts: doubled each time, from the start again after a run of half a minute. */
export class Backoff {
  private wait = SHORTEST;
  private since: number | undefined;

  constructor(private readonly now: () => number = Date.now) {}

  /** To be called when a process has been started. */
  started(): void {
    this.since = this.now();
  }

  /** How long to wait before the next start, in ms. */
  next(): number {
    if (this.since !== undefined && this.now() - this.since >= HEALTHY_AFTER) this.wait = SHORTEST;
    this.since = undefined;
    const wait = this.wait;
    this.wait = Math.min(wait * 2, LONGEST);
    return wait;
  }
}

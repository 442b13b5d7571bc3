import type { Logger } from '../../logger.js';
import type { Store } from '../../store/types.js';

const DAY_MS = 86_400_000;
/** Greatest age that a purge can be told, in ms: a hundred years ago is a time that every database knows. */
export const MAX_AGE_MS = 36_500 * DAY_MS;
/** First look after the start, so that a master that is restarted daily purges too, in ms. */
const FIRST_MS = 60_000;
const INTERVAL_MS = 3_600_000;
/** Executions deleted in one go. */
const BATCH = 100;
/** Longest time that one call of `purge` works, in ms: its caller asks again. */
const WORK_MS = 5_000;

export interface PurgeResult {
  /** Executions that were deleted. */
  purged: number;
  /** There may be more. */
  more: boolean;
}

/**
 * Removes executions that ended long ago: each hour those older than `keepExecutions` days, if that is set, and any
 * others when a person asks.
 */
export class Purger {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly store: Store,
    /** Days; 0: for ever. */
    private readonly keepExecutions: number,
    private readonly logger: Logger,
  ) {}

  start(): void {
    if (this.keepExecutions > 0) this.schedule(FIRST_MS);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Deletes what has not changed for `age` ms, for some seconds. One call after the other. */
  purge(age: number): Promise<PurgeResult> {
    const result = this.running.then(() => this.work(new Date(Date.now() - age).toISOString()));
    this.running = result.catch(() => undefined);
    return result;
  }

  private async work(before: string): Promise<PurgeResult> {
    const deadline = Date.now() + WORK_MS;
    let purged = 0;
    for (;;) {
      if (this.stopped || Date.now() > deadline) return { purged, more: true };
      const count = await this.store.purge.executions(before, BATCH);
      purged += count;
      if (count < BATCH) break;
    }
    await this.store.purge.sweep(before);
    return { purged, more: false };
  }

  private schedule(wait: number): void {
    this.timer = setTimeout(() => {
      void this.round().finally(() => {
        if (!this.stopped) this.schedule(INTERVAL_MS);
      });
    }, wait);
  }

  private async round(): Promise<void> {
    try {
      let result: PurgeResult;
      let purged = 0;
      do {
        result = await this.purge(this.keepExecutions * DAY_MS);
        purged += result.purged;
      } while (result.more && !this.stopped);
      if (purged > 0) this.logger.info({ executions: purged }, 'old executions were removed');
    } catch (error) {
      this.logger.warn({ err: error }, 'old executions could not be removed; it is tried again in an hour');
    }
  }
}

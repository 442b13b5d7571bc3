import type { InjectedSinks } from '@temporalio/worker';
import type { Logger } from '../../logger.js';
import type { Counters, Store } from '../../store/types.js';
import type { LedgerSinks } from '../../workflows/calls.js';

const FLUSH_MS = 500;

/**
 * Takes live numbers from workflows and writes the latest of each to the store, twice a second: so lists
 * and statistics never query workflows, and no history holds them.
 */
export class CountersSink {
  private latest = new Map<string, { seq: number; counters: Counters }>();
  private readonly timer: NodeJS.Timeout;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly logger: Logger,
  ) {
    this.timer = setInterval(() => {
      this.writing = this.writing.then(() => this.flush());
    }, FLUSH_MS);
  }

  readonly sinks: InjectedSinks<LedgerSinks> = {
    counters: {
      report: {
        fn: (_info, exId, seq, counters) => {
          this.latest.set(exId, { seq, counters: counters as Counters });
        },
        callDuringReplay: false,
      },
    },
  };

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    await this.flush();
  }

  private async flush(): Promise<void> {
    if (this.latest.size === 0) return;
    const batch = [...this.latest].map(([ex_id, entry]) => ({ ex_id, ...entry }));
    this.latest = new Map();
    try {
      await this.store.executions.writeCounters(batch);
    } catch (error) {
      this.logger.warn({ err: error }, 'live numbers could not be written; newer ones follow');
    }
  }
}

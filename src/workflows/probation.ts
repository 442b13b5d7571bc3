import * as wf from '@temporalio/workflow';
import type { Ledger } from './ledger.js';

/** Shortest time between two looks, in ms. */
const LEAST_WINDOW_MS = 1_000;

/** What a window began with; carried by continue-as-new. `at` in ms of workflow time. */
export interface ProbationState {
  failed: number;
  processed: number;
  at: number;
}

/**
 * The time after a failure for which a persistent execution is `failing`.
 *
 *     none → (a slice failed) → window → (work done, no failure) → passed
 *                                 ↑  └─ (a failure, or no work) ─┐
 *                                 └──────────────────────────────┘
 */
export class Probation {
  /** @param window its length in ms */
  constructor(
    private readonly window: number,
    private readonly ledger: Pick<Ledger, 'failed' | 'processed'>,
    private readonly passed: () => void,
    private current: ProbationState | null = null,
  ) {}

  get state(): ProbationState | null {
    return this.current;
  }

  /** A slice has failed. */
  begin(): void {
    if (this.current) return;
    this.current = this.now();
    this.watch();
  }

  /** Looks after a window that was carried, if there is one. */
  watch(): void {
    void (async () => {
      while (this.current) {
        const { failed, processed, at } = this.current;
        await wf.sleep(Math.max(at + this.window - Date.now(), LEAST_WINDOW_MS));
        if (this.ledger.failed === failed && this.ledger.processed > processed) {
          this.current = null;
          this.passed();
        } else this.current = this.now();
      }
    })();
  }

  private now(): ProbationState {
    return { failed: this.ledger.failed, processed: this.ledger.processed, at: Date.now() };
  }
}

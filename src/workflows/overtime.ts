import * as wf from '@temporalio/workflow';
import { collector, master } from './calls.js';
import { keyOf } from './slice-key.js';
import type { CollectResult, RunningSlice } from './types.js';

/**
 * Waits for slices that outlasted their lease, each at the node that has it.
 *
 *     running → (asked, again and again) → collected: its outcome, or `unknown` once its host is certainly gone
 *                                              └─ cut short by a stop → left: nothing more will be heard of it
 */
export class Overtime {
  private readonly collecting = new Set<string>();
  /** Of these nothing more will be heard. */
  private readonly left = new Set<string>();
  private closed = false;

  constructor(
    private readonly exId: string,
    private readonly collected: (running: RunningSlice, result: CollectResult) => Promise<void>,
    private readonly wake: () => void,
  ) {}

  /** Slices whose outcome is still waited for. */
  get size(): number {
    return this.collecting.size;
  }

  collect(running: RunningSlice): void {
    const key = placeOf(running);
    if (this.collecting.has(key) || this.left.has(key)) return;
    this.collecting.add(key);
    void (async () => {
      try {
        const result = await this.outcomeOf(running);
        if (!this.closed) await this.collected(running, result);
      } finally {
        this.collecting.delete(key);
        this.wake();
      }
    })();
  }

  /** Does not ask for this one any more. */
  leave(running: RunningSlice): void {
    this.left.add(placeOf(running));
  }

  /** No outcome counts any more. */
  close(): void {
    this.closed = true;
  }

  private async outcomeOf({ node, host, slice }: RunningSlice): Promise<CollectResult> {
    for (;;) {
      try {
        return await collector(node).collectSlice({ exId: this.exId, host, slice });
      } catch (error) {
        if (!(error instanceof wf.ActivityFailure)) throw error;
        if (await master.hostGone({ host })) return { outcome: 'unknown' };
        await wf.sleep('1s');
      }
    }
  }
}

const placeOf = ({ host, slice }: RunningSlice): string => `${host}/${keyOf(slice)}`;

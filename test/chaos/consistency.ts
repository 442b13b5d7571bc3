import { setTimeout as delay } from 'node:timers/promises';
import type { Injector } from './injector.js';
import type { Monitor } from './monitor.js';
import type { TemporalProbe } from './temporal-probe.js';
import type { Violations } from './violations.js';

const INTERVAL = 2_000;
/** How long store and Temporal may differ while nothing is wrong with either, in ms. */
const TOLERANCE = 20_000;

/** No execution is active without a workflow, and no workflow is open without an active execution. */
export class Consistency {
  private readonly differing = new Map<string, number>();
  private readonly stopped = new AbortController();
  private looping: Promise<void> | undefined;

  constructor(
    private readonly monitor: Monitor,
    private readonly temporal: TemporalProbe,
    private readonly injector: Injector,
    private readonly violations: Violations,
  ) {}

  start(): void {
    this.looping = (async () => {
      while (!this.stopped.signal.aborted) {
        await delay(INTERVAL);
        await this.look();
      }
    })();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.looping;
  }

  /** Every difference that is there now. @throws if Temporal does not answer */
  async differences(): Promise<string[]> {
    const open = new Set(await this.temporal.open());
    const differing: string[] = [];
    for (const [exId, { status }] of this.monitor.seen) {
      const active = this.monitor.active().some(([id]) => id === exId);
      if (active === open.has(exId)) continue;
      // The list of open workflows lags behind.
      if (active === (await this.temporal.isOpen(exId))) continue;
      differing.push(`${exId} is ${status}, its workflow is ${active ? 'not open' : 'open'}`);
    }
    return differing;
  }

  private async look(): Promise<void> {
    const differences = await this.differences().catch((): string[] => []);
    const quiet = Date.now() - TOLERANCE;
    const disturbed = this.injector.injected.some(({ ended = Infinity }) => ended > quiet);
    const now = Date.now();
    for (const key of this.differing.keys()) {
      if (disturbed || !differences.includes(key)) this.differing.delete(key);
    }
    for (const key of differences) {
      const since = this.differing.get(key) ?? now;
      this.differing.set(key, since);
      if (now - since > TOLERANCE) this.violations.add('store and Temporal agree', key);
    }
  }
}

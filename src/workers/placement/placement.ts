import { EventEmitter } from 'node:events';
import type { Logger } from '../../logger.js';
import { NODE_SILENT_MS, type NodeRow, type Store } from '../../store/types.js';
import { isReachable, plan } from './plan.js';

const TICK_MS = 1_000;
/** A longer pause between two ticks means that silence of a node may be ours, in ms. */
const GAP_MS = 3_000;

/**
 * Applies {@link plan} again and again: every second, and whenever something changed that may matter.
 * Any number of masters do so; the store lets one at a time.
 */
export class Placement {
  private readonly changes = new EventEmitter();
  private timer: NodeJS.Timeout | undefined;
  private running = false;
  private again = false;
  private lastTick = Date.now();
  private unbrokenSince = Date.now();
  /** Since when some node has reached Temporal, without a gap. */
  private temporalSince = Date.now();
  private waiting = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly fenceTimeout: number,
    private readonly logger: Logger,
  ) {
    this.changes.setMaxListeners(0);
  }

  start(): void {
    this.timer = setInterval(() => this.kick(), TICK_MS);
    this.kick();
  }

  stop(): void {
    clearInterval(this.timer);
    this.changes.emit('change');
  }

  /** Looks at everything anew, now. */
  kick(): void {
    if (this.running) this.again = true;
    else void this.run();
  }

  /**
   * How many executions will get a slicer before this one does, as this master saw it last.
   * @returns undefined if it has one, wants none, or has not been seen yet
   */
  waitsBehind(exId: string): number | undefined {
    return this.waiting.get(exId);
  }

  /** Wakes whoever waits for a change of hosts. */
  changed(): void {
    this.changes.emit('change');
  }

  /** Resolves at the next change of hosts, at the latest after `ms`, or when `signal` aborts. */
  async nextChange(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    // Not `AbortSignal.any`: in Node 20 it leaves something behind on `signal` each time, which may live for days.
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.changes.off('change', done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.changes.on('change', done);
      signal?.addEventListener('abort', done);
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    try {
      do {
        this.again = false;
        await this.once();
      } while (this.again);
    } catch (error) {
      this.unbrokenSince = Date.now();
      this.logger.error({ err: error }, 'placement failed; it is tried again');
    } finally {
      this.running = false;
    }
  }

  private async once(): Promise<void> {
    const now = Date.now();
    if (now - this.lastTick > GAP_MS) this.unbrokenSince = now;
    this.lastTick = now;
    const trustSilence = now - this.unbrokenSince > NODE_SILENT_MS + GAP_MS;
    let waiting: string[] = [];
    let forget: NodeRow[] = [];
    const changed = await this.store.placement.exclusively(async (tables) => {
      const [nodes, hosts, executions] = [
        await tables.nodes(),
        await tables.liveHosts(),
        await tables.active(),
      ];
      if (!nodes.some((node) => isReachable(node, now))) this.temporalSince = now;
      const steps = plan({
        now,
        nodes,
        hosts,
        executions,
        trustSilence,
        trustFence: now - this.temporalSince > NODE_SILENT_MS,
        fenceTimeout: this.fenceTimeout,
      });
      ({ waiting, forget } = steps);
      for (const { host_id, outcome, reason } of steps.lost) {
        await tables.updateHost(host_id, { state: 'ended', outcome, reason, busy: false });
      }
      for (const hostId of steps.drain) await tables.updateHost(hostId, { draining: true });
      for (const host of steps.insert) {
        if (host.kind === 'slicer') host.epoch = (await tables.lastEpoch(host.ex_id)) + 1;
      }
      await tables.insertHosts(steps.insert);
      return steps.lost.length + steps.drain.length + steps.insert.length > 0;
    });
    this.waiting = new Map(waiting.map((exId, place) => [exId, place]));
    for (const node of forget) await this.store.placement.removeNode(node);
    if (changed) this.changed();
  }
}

import { isTerminal } from '../../src/store/types.js';
import type { Monitor, Seen } from './monitor.js';

/** An execution that had made progress within this time before a fault was one that the fault could stop, in ms. */
const WAS_GOING_ON = 6_000;
/**
 * Live numbers are written twice a second: a rise within this time, in ms, may be work that was done before. So
 * this is the shortest time that can be measured, too.
 */
const NUMBERS_LAG = 700;

export const isGoingOn = ({ progressAt }: Seen): boolean => Date.now() - progressAt < WAS_GOING_ON;

/** Time until work goes on after a fault. */
export class Recovery {
  /** In ms since `since`; undefined while it lasts, or if nothing was affected. */
  took: number | undefined;
  private readonly waiting: Map<string, number>;
  private readonly forget: () => void;

  /**
   * @param affected executions that the fault may stop; the slowest of them counts
   * @param since time from which on it could go on; set when the fault is over
   */
  constructor(
    private readonly monitor: Monitor,
    affected: string[],
    private readonly measured: (seen: Seen) => number,
    public since?: number,
  ) {
    const goingOn = affected.filter((exId) => {
      const seen = monitor.seen.get(exId);
      return seen && !isTerminal(seen.status) && isGoingOn(seen);
    });
    this.waiting = new Map(goingOn.map((exId) => [exId, measured(monitor.seen.get(exId) as Seen)]));
    this.forget = monitor.onLook(() => this.look());
  }

  /** Executions that have not gone on yet. */
  get pending(): string[] {
    return [...this.waiting.keys()];
  }

  /** Ends the measurement. */
  stop(): void {
    this.forget();
  }

  private look(): void {
    const { since, waiting, monitor } = this;
    for (const [exId, before] of waiting) {
      const seen = monitor.seen.get(exId);
      const now = seen ? this.measured(seen) : before;
      if (since === undefined || Date.now() - since < NUMBERS_LAG) waiting.set(exId, now);
      // A person's doing: it tells nothing of the fault.
      else if (!seen || ['paused', 'stopping', 'stopped', 'terminated'].includes(seen.status))
        waiting.delete(exId);
      else if (now > before || isTerminal(seen.status)) {
        waiting.delete(exId);
        this.took = Date.now() - since;
      }
    }
    if (since !== undefined && waiting.size === 0) this.stop();
  }
}

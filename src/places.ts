import { CodedError } from './errors.js';

/**
 * Lets a number of callers work at the same time; the others wait in line, each for a limited time, so that what
 * hangs holds up nobody for longer.
 */
export class Places {
  private taken = 0;
  private readonly waiting = new Set<() => void>();

  /** @param patience longest that a caller waits, in ms */
  constructor(
    private readonly count: number,
    private readonly patience: number,
  ) {}

  /** @throws CodedError TOO_BUSY if no place became free in time, and what `work` throws */
  async in<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    if (this.taken < this.count) {
      this.taken++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.delete(admit);
        reject(new CodedError('TOO_BUSY', { ms: this.patience }));
      }, this.patience);
      this.waiting.add(admit);
    });
  }

  /** Hands the place on to whoever waits longest. */
  private leave(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.taken--;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}

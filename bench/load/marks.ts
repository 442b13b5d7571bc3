import { statSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 2;

/** Counts slices at the moment they are done: the operation `bench_mark` adds a byte to a file for each. */
export class Marks {
  readonly operation: Record<string, unknown>;

  constructor(private readonly path: string) {
    writeFileSync(path, '');
    this.operation = { _op: 'bench_mark', path };
  }

  get count(): number {
    return statSync(this.path).size;
  }

  /** Waits until there are more than so many. @throws Error after `limitMs` */
  async above(count: number, limitMs = 60_000): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (this.count <= count) {
      if (performance.now() > deadline) throw new Error(`no slice was done within ${limitMs} ms`);
      await delay(POLL_MS);
    }
  }
}

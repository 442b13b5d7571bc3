import { Ledger } from '../../src/workflows/ledger.js';
import type { CollectResult, LeaseResult, LedgerState, SliceTuple } from '../../src/workflows/types.js';
import { bytesOf } from '../../src/workflows/state-size.js';
import { Random } from '../support/random.js';

const keyOf = ([slicer, order]: SliceTuple): string => `${slicer}:${order}`;

/**
 * Drives a ledger with random events and keeps books of its own: for each slice whether it is owed or how it
 * ended, and how many of its tries are used up.
 */
class Model {
  readonly random: Random;
  readonly maxRetries: number;
  ledger: Ledger;
  now = 0;
  private readonly out = new Map<number, SliceTuple[]>();
  private readonly owed = new Map<string, SliceTuple>();
  private readonly ended = new Map<string, 'completed' | 'failed'>();
  private readonly deaths = new Map<string, number>();
  /** Slices that may have been begun, whether they have ended or not. */
  private readonly begun = new Set<string>();
  private issued = 0;
  private lastLease = 0;
  private readonly orders = [0, 0];

  constructor(seed: number) {
    this.random = new Random(seed);
    this.maxRetries = this.random.int(0, 3);
    this.ledger = new Ledger(this.maxRetries);
    this.ledger.packs(1);
  }

  step(): void {
    const { random } = this;
    this.now += random.int(0, 3_000);
    const dice = random.next();
    if (dice < 0.15) this.issue();
    else if (dice < 0.5) this.lease();
    else if (dice < 0.85) this.answer();
    else if (dice < 0.97) this.collect();
    else this.continueAsNew();
  }

  /** Everything that comes back completes, until nothing is owed. */
  finish(): void {
    for (let round = 0; this.owed.size > 0; round++) {
      if (round > 10_000) throw new Error(`${this.owed.size} slices are never leased again`);
      this.now += 60_000;
      for (const running of this.ledger.running) this.settleRunning(running, { outcome: 'completed' });
      this.lease();
      for (const [id, slices] of this.out)
        this.settle(id, slices, { done: slices.length, failed: [], ms: 1 });
      this.check();
    }
  }

  check(): void {
    const { ledger } = this;
    const values = [...this.ended.values()];
    expect({ issued: ledger.issued, completed: ledger.completed, failed: ledger.failed }).toEqual({
      issued: this.issued,
      completed: values.filter((how) => how === 'completed').length,
      failed: values.filter((how) => how === 'failed').length,
    });
    expect(ledger.balanced).toBe(true);
    const owed = ledger.owed().map(keyOf);
    expect(owed).toHaveLength(this.owed.size);
    expect(new Set(owed)).toEqual(new Set(this.owed.keys()));
    const begun = new Set([...this.begun, ...[...this.out.values()].flat().map(keyOf)]);
    expect(new Set(owed.slice(0, ledger.begun))).toEqual(new Set(owed.filter((key) => begun.has(key))));
    expect(ledger.leased).toBe(this.out.size);
    const queued = ledger.queued === 0 ? [] : ledger.owed().slice(-ledger.queued);
    expect(ledger.queuedBytes).toBe(queued.reduce((sum, slice) => sum + bytesOf(slice), 0));
    expect(ledger.bytes).toBeGreaterThanOrEqual(
      Buffer.byteLength(JSON.stringify([ledger.owed(), ledger.lastMade()])) - '[[],[]]'.length,
    );
    if (ledger.leased === 0) {
      const { queue, retries, running, tries, last } = ledger.state();
      const carried = Buffer.byteLength(JSON.stringify([queue, retries, running, tries, last]));
      expect(ledger.bytes).toBeGreaterThan(carried - 20);
      expect(ledger.bytes).toBeLessThan(carried * 4 + 200);
    }
  }

  private issue(): void {
    const made = Array.from({ length: this.random.int(1, 30) }, (): SliceTuple => {
      const slicer = this.random.int(0, 1);
      const order = (this.orders[slicer] = (this.orders[slicer] ?? 0) + 1);
      return [slicer, order, JSON.stringify('x'.repeat(this.random.int(0, 40)))];
    });
    for (const slice of made) this.owed.set(keyOf(slice), slice);
    this.issued += made.length;
    this.ledger.issue(made);
  }

  private lease(): void {
    const id = ++this.lastLease;
    const slices = this.ledger.lease(id, this.random.int(1, 20), this.random.int(30, 800), this.now);
    if (!slices) {
      expect(this.ledger.queued).toBe(0);
      return;
    }
    expect(slices.length).toBeGreaterThan(0);
    this.out.set(id, slices);
    const tries = slices.map((slice) => this.deaths.get(keyOf(slice)) ?? 0);
    expect(this.ledger.triesOf(slices)).toEqual([...tries.entries()].filter(([, used]) => used > 0));
  }

  private answer(): void {
    if (this.out.size === 0) return;
    const [id, slices] = this.random.pick([...this.out]);
    const dice = this.random.next();
    if (dice < 0.1) {
      this.ledger.returned(id);
      this.out.delete(id);
    } else if (dice < 0.3) this.lose(id);
    else this.settle(id, slices, this.resultFor(slices));
  }

  private resultFor(slices: SliceTuple[]): LeaseResult {
    const done = this.random.int(0, slices.length);
    const failed = Array.from({ length: done }, (_, i) => i)
      .filter(() => this.random.chance(0.1))
      .map((i) => ({ i, error: 'e', retries: 0 }));
    const dice = this.random.next();
    const how =
      done === slices.length || dice > 0.6
        ? {}
        : dice > 0.4
          ? { died: 'gone' }
          : dice > 0.2
            ? { cut: this.random.int(1, slices.length - done) }
            : { running: { node: 'n', host: `h${this.random.int(1, 3)}` } };
    return { done, failed, ms: 1, ...how };
  }

  private settle(id: number, slices: SliceTuple[], result: LeaseResult): void {
    const failures = new Set(this.ledger.failuresOf(id, result).map(({ slice }) => keyOf(slice)));
    this.ledger.settle(id, result);
    this.out.delete(id);
    const expected = new Set(result.failed.map(({ i }) => keyOf(slices[i] as SliceTuple)));
    slices.slice(0, result.done).forEach((slice) => {
      this.end(slice, expected.has(keyOf(slice)) ? 'failed' : 'completed');
    });
    const culprit = slices[result.done];
    if (culprit && (result.died ?? result.running)) this.begun.add(keyOf(culprit));
    for (const slice of slices.slice(result.done, result.done + (result.cut ?? 0)))
      this.begun.add(keyOf(slice));
    if (result.died !== undefined && culprit && this.died(culprit)) expected.add(keyOf(culprit));
    expect(failures).toEqual(expected);
  }

  private lose(id: number): void {
    for (const slice of this.out.get(id) ?? []) this.begun.add(keyOf(slice));
    const failures = this.ledger.lost(id, this.now, 'gone');
    if (failures.length > 0) {
      this.ledger.settleLost(id);
      for (const { slice } of failures) this.end(slice, 'failed');
    }
    this.out.delete(id);
  }

  private collect(): void {
    if (this.ledger.running.length === 0) return;
    const running = this.random.pick(this.ledger.running);
    this.settleRunning(
      running,
      this.random.pick<CollectResult>([
        { outcome: 'completed', records: [1] },
        { outcome: 'failed', error: 'e', retries: 1 },
        { outcome: 'died', reason: 'gone' },
        { outcome: 'unknown' },
        { outcome: 'ended' },
      ]),
    );
  }

  private settleRunning(
    running: { slice: SliceTuple; node: string; host: string },
    result: CollectResult,
  ): void {
    const failure = this.ledger.failureOfCollected(running, result);
    this.ledger.collected(running, result);
    if (result.outcome === 'completed' || result.outcome === 'failed')
      this.end(running.slice, result.outcome);
    const died = result.outcome === 'died' && this.died(running.slice);
    expect(failure !== undefined).toBe(died || result.outcome === 'failed');
  }

  /** True if that was the last try. */
  private died(slice: SliceTuple): boolean {
    const deaths = (this.deaths.get(keyOf(slice)) ?? 0) + 1;
    this.deaths.set(keyOf(slice), deaths);
    if (deaths <= this.maxRetries) return false;
    this.end(slice, 'failed');
    return true;
  }

  private end(slice: SliceTuple, how: 'completed' | 'failed'): void {
    if (!this.owed.delete(keyOf(slice))) throw new Error(`slice ${keyOf(slice)} ended twice`);
    this.ended.set(keyOf(slice), how);
    this.deaths.delete(keyOf(slice));
  }

  private continueAsNew(): void {
    if (this.out.size > 0) {
      expect(() => this.ledger.state()).toThrow('while leases are out');
      return;
    }
    const before = this.ledger.owed();
    this.ledger = new Ledger(this.maxRetries, JSON.parse(JSON.stringify(this.ledger.state())) as LedgerState);
    expect(this.ledger.owed()).toEqual(before);
  }
}

it.each(Array.from({ length: 25 }, (_, seed) => seed + 1))('balances whatever happens (seed %i)', (seed) => {
  const model = new Model(seed);
  for (let steps = 0; steps < 200; steps++) {
    model.step();
    model.check();
  }
  model.finish();
  expect(model.ledger.pending).toBe(0);
  expect(model.ledger.bytes).toBe(model.ledger.lastMade().reduce((sum, slice) => sum + bytesOf(slice), 0));
  expect(model.ledger.state()).toMatchObject({ queue: [], retries: [], running: [], tries: [] });
});

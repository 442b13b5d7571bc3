import { Ledger } from '../../src/workflows/ledger.js';
import type {
  CollectResult,
  LeaseResult,
  LedgerState,
  RunningSlice,
  SliceTuple,
} from '../../src/workflows/types.js';

const slice = (order: number, request = '{}'): SliceTuple => [0, order, request];
const slices = (from: number, to: number): SliceTuple[] =>
  Array.from({ length: to - from + 1 }, (_, i) => slice(from + i));
const orders = (list: SliceTuple[] | undefined): number[] => (list ?? []).map(([, order]) => order);
const result = (done: number, more: Partial<LeaseResult> = {}): LeaseResult => ({
  done,
  failed: [],
  ms: 1,
  ...more,
});
const MANY = 1_000_000;
const WHY = 'no node answered for it';

/** A ledger with slices 1 to `count`. */
function ledgerOf(count: number, maxRetries = 3): Ledger {
  const ledger = new Ledger(maxRetries);
  ledger.issue(slices(1, count));
  return ledger;
}

const take = (ledger: Ledger, id: number, count = MANY, now = 0): number[] =>
  orders(ledger.lease(id, count, MANY, now));

const account = ({ issued, completed, failed, pending }: Ledger) => ({ issued, completed, failed, pending });

it('counts what a lease did and puts the rest back in front', () => {
  const ledger = ledgerOf(10);
  expect(take(ledger, 1, 6)).toEqual([1, 2, 3, 4, 5, 6]);
  ledger.settle(1, result(4, { failed: [{ i: 1, error: 'e', retries: 0 }], records: [4, 2], times: [1, 2] }));
  expect(account(ledger)).toEqual({ issued: 10, completed: 3, failed: 1, pending: 6 });
  expect([ledger.records, ledger.times]).toEqual([
    [4, 2],
    [1, 2],
  ]);
  expect(take(ledger, 2)).toEqual([5, 6, 7, 8, 9, 10]);
});

it('holds a slice back that killed its host, longer with each try', () => {
  const ledger = new Ledger(3, undefined, (tries) => tries * 1_000);
  ledger.issue(slices(1, 1));
  take(ledger, 1);
  ledger.settle(1, result(0, { died: 'gone' }));
  expect(take(ledger, 2, MANY, 999)).toEqual([]);
  expect(ledger.nextRetryIn(400)).toBe(600);
  expect(take(ledger, 2, MANY, 1_000)).toEqual([1]);
  ledger.settle(2, result(0, { died: 'gone' }));
  expect(take(ledger, 3, MANY, 1_999)).toEqual([]);
  expect(take(ledger, 3, MANY, 2_000)).toEqual([1]);
});

it('counts failed slices as issued anew when they are taken up again', () => {
  const ledger = ledgerOf(3);
  take(ledger, 1);
  ledger.settle(1, result(3, { failed: [0, 2].map((i) => ({ i, error: 'e', retries: 0 })) }));
  ledger.reopen(2);
  expect(account(ledger)).toEqual({ issued: 1, completed: 1, failed: 0, pending: 0 });
  ledger.issueRecovered([slice(1), slice(3)]);
  expect(ledger.tally()).toEqual({ issued: 3, completed: 1, failed: 0, pending: 2, recovered: 2 });
  expect(ledger.balanced).toBe(true);
});

it('bounds a lease by bytes, but gives one slice at least', () => {
  const ledger = new Ledger(3);
  ledger.issue([slice(1, 'x'.repeat(500)), slice(2, 'x'.repeat(100)), slice(3, 'x'.repeat(100))]);
  expect(orders(ledger.lease(1, 10, 200, 0))).toEqual([1]);
  expect(orders(ledger.lease(2, 10, 250, 0))).toEqual([2, 3]);
  expect(ledger.lease(3, 10, 250, 0)).toBeUndefined();
});

it('knows the bytes of what is queued through every move', () => {
  const ledger = ledgerOf(5);
  const all = ledger.queuedBytes;
  expect(all).toBeGreaterThan(5 * 2);
  take(ledger, 1, 2);
  expect(ledger.queuedBytes).toBe((all / 5) * 3);
  ledger.settle(1, result(1));
  expect(ledger.queuedBytes).toBe((all / 5) * 4);
  take(ledger, 2);
  expect(ledger.queuedBytes).toBe(0);
  ledger.returned(2);
  expect(ledger.queuedBytes).toBe((all / 5) * 4);
  expect(new Ledger(3, ledger.state()).queuedBytes).toBe(ledger.queuedBytes);
});

it('keeps the order when leases come back whole, the earliest last', () => {
  const ledger = ledgerOf(9);
  take(ledger, 1, 3);
  take(ledger, 2, 3);
  ledger.returned(2);
  ledger.returned(1);
  expect(take(ledger, 3)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it('gives each slice of a long queue once and in order, though its array is cut now and then', () => {
  const ledger = ledgerOf(20_000);
  const seen: number[] = [];
  for (let id = 1; ledger.pending > 0; id++) {
    const leased = take(ledger, id, 700);
    const done = id % 3 === 0 ? leased.length - 5 : leased.length;
    ledger.settle(id, result(done));
    seen.push(...leased.slice(0, done));
  }
  expect(seen).toEqual(orders(slices(1, 20_000)));
});

describe('a slice that killed its host', () => {
  it('is leased alone, at once, while those behind it go on in the queue', () => {
    const ledger = ledgerOf(5);
    take(ledger, 1);
    ledger.settle(1, result(2, { died: 'gone' }));
    expect(account(ledger)).toEqual({ issued: 5, completed: 2, failed: 0, pending: 3 });
    expect(take(ledger, 2)).toEqual([3]);
    expect(take(ledger, 3)).toEqual([4, 5]);
    expect(ledger.triesOf([slice(2), slice(3)])).toEqual([[1, 1]]);
  });

  it('fails when its tries are used up, with the reason; its tries are then forgotten', () => {
    const ledger = ledgerOf(1, 2);
    for (let tries = 1; tries <= 2; tries++) {
      take(ledger, tries);
      expect(ledger.failuresOf(tries, result(0, { died: 'gone' }))).toEqual([]);
      ledger.settle(tries, result(0, { died: 'gone' }));
      expect(ledger.pending).toBe(1);
    }
    take(ledger, 3);
    expect(ledger.failuresOf(3, result(0, { died: 'gone' }))).toEqual([
      { slice: slice(1), error: 'gone', retries: 2 },
    ]);
    ledger.settle(3, result(0, { died: 'gone' }));
    expect(account(ledger)).toEqual({ issued: 1, completed: 0, failed: 1, pending: 0 });
    expect(ledger.state().tries).toEqual([]);
  });

  it('fails at its first death where no retries are allowed', () => {
    const ledger = ledgerOf(2, 0);
    take(ledger, 1);
    expect(orders(ledger.failuresOf(1, result(1, { died: 'gone' })).map((f) => f.slice))).toEqual([2]);
    ledger.settle(1, result(1, { died: 'gone' }));
    expect(account(ledger)).toEqual({ issued: 2, completed: 1, failed: 1, pending: 0 });
  });

  it('adds earlier deaths to the retries of a failure that is returned', () => {
    const ledger = ledgerOf(1);
    take(ledger, 1);
    ledger.settle(1, result(0, { died: 'gone' }));
    take(ledger, 2);
    const failed = [{ i: 0, error: 'e', retries: 3 }];
    expect(ledger.failuresOf(2, result(1, { failed }))).toEqual([
      { slice: slice(1), error: 'e', retries: 4 },
    ]);
    ledger.settle(2, result(1, { failed }));
    expect(ledger.state().tries).toEqual([]);
  });

  it('blames nobody when the host died behind its last slice', () => {
    const ledger = ledgerOf(2);
    take(ledger, 1);
    expect(ledger.failuresOf(1, result(2, { died: 'gone' }))).toEqual([]);
    ledger.settle(1, result(2, { died: 'gone' }));
    expect(account(ledger)).toEqual({ issued: 2, completed: 2, failed: 0, pending: 0 });
  });
});

describe('a lost lease', () => {
  it('is leased again in halves', () => {
    const ledger = ledgerOf(5);
    take(ledger, 1);
    expect(ledger.lost(1, 100, WHY)).toEqual([]);
    expect(take(ledger, 2, MANY, 100)).toEqual([1, 2, 3]);
    expect(take(ledger, 3, MANY, 100)).toEqual([4, 5]);
    ledger.lost(2, 100, WHY);
    expect([take(ledger, 4, MANY, 100), take(ledger, 5, MANY, 100)]).toEqual([[1, 2], [3]]);
  });

  it('of one slice waits longer each time, and fails at the tenth', () => {
    const ledger = ledgerOf(1);
    let now = 0;
    const delays: number[] = [];
    for (let loss = 1; loss <= 9; loss++) {
      expect(take(ledger, loss, MANY, now)).toEqual([1]);
      expect(ledger.lost(loss, now, WHY)).toEqual([]);
      const wait = ledger.nextRetryIn(now) as number;
      delays.push(wait / 1_000);
      expect(take(ledger, 100 + loss, MANY, now + wait - 1)).toEqual([]);
      now += wait;
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(take(ledger, 10, MANY, now)).toEqual([1]);
    const [failure] = ledger.lost(10, now, WHY);
    expect(failure).toMatchObject({
      slice: slice(1),
      error: expect.stringContaining('lost 10 times in a row'),
    });
    // It is still owed until the failure is stored.
    expect(account(ledger)).toEqual({ issued: 1, completed: 0, failed: 0, pending: 1 });
    ledger.settleLost(10);
    expect(account(ledger)).toEqual({ issued: 1, completed: 0, failed: 1, pending: 0 });
  });

  it('does not hold up the queue while it waits', () => {
    const ledger = ledgerOf(3);
    take(ledger, 1, 1);
    ledger.lost(1, 0, WHY);
    expect(take(ledger, 2, MANY, 0)).toEqual([2, 3]);
    expect(ledger.nextRetryIn(400)).toBe(600);
    expect(ledger.nextRetryIn(5_000)).toBe(0);
  });

  it('keeps its count of losses when it is returned unstarted', () => {
    const ledger = ledgerOf(1);
    take(ledger, 1);
    ledger.lost(1, 0, WHY);
    take(ledger, 2, MANY, 1_000);
    ledger.returned(2);
    take(ledger, 3, MANY, 1_000);
    ledger.lost(3, 1_000, WHY);
    expect(ledger.nextRetryIn(1_000)).toBe(2_000);
  });
});

describe('a slice that outlasted its lease', () => {
  const setUp = () => {
    const ledger = ledgerOf(3);
    take(ledger, 1);
    ledger.settle(1, result(1, { running: { node: 'n', host: 'h' } }));
    const [running] = ledger.running;
    if (!running) throw new Error('nothing is running');
    return { ledger, running };
  };

  it('is owed, and neither queued nor leased', () => {
    const { ledger, running } = setUp();
    expect(running).toEqual({ slice: slice(2), node: 'n', host: 'h' });
    expect([ledger.queued, ledger.leased, ledger.pending]).toEqual([1, 0, 2]);
    expect(orders(ledger.owed())).toEqual([2, 3]);
  });

  it('is counted when it is collected', () => {
    const completed = setUp();
    completed.ledger.collected(completed.running, { outcome: 'completed', records: [1, 1] });
    expect(account(completed.ledger)).toEqual({ issued: 3, completed: 2, failed: 0, pending: 1 });
    const failed = setUp();
    const outcome = { outcome: 'failed', error: 'e', retries: 2, records: [7] } as CollectResult;
    expect(failed.ledger.failureOfCollected(failed.running, outcome)).toEqual({
      slice: slice(2),
      error: 'e',
      retries: 2,
    });
    failed.ledger.collected(failed.running, outcome);
    expect(account(failed.ledger)).toEqual({ issued: 3, completed: 1, failed: 1, pending: 1 });
    // Those of its lease that were completed before it.
    expect(failed.ledger.records).toEqual([7]);
  });

  it.each(['unknown', 'ended'] as const)(
    'is leased again first, alone and without a try when it is %s',
    (outcome) => {
      const { ledger, running } = setUp();
      expect(ledger.failureOfCollected(running, { outcome } as never)).toBeUndefined();
      ledger.collected(running, { outcome } as never);
      expect(take(ledger, 2)).toEqual([2]);
      expect(take(ledger, 3)).toEqual([3]);
      expect(ledger.triesOf([slice(2)])).toEqual([]);
    },
  );

  it('uses up a try when it killed its host, and is then leased alone', () => {
    const { ledger, running } = setUp();
    ledger.collected(running, { outcome: 'died', reason: 'gone' });
    expect(take(ledger, 2)).toEqual([2]);
    expect(ledger.triesOf([slice(2)])).toEqual([[0, 1]]);
  });
});

it('remembers the last slice that each slicer issued, with an id of its own or not, and none that was recovered', () => {
  const ledger = new Ledger(3);
  ledger.startFrom([[0, 4, '"four"']]);
  ledger.issue([
    [1, 2, '"b"'],
    [0, 6, '"six"'],
    [0, 5, '"five"'],
    [1, 1, '"a"'],
    [0, 9, '"whole"', 'own-id'],
  ]);
  ledger.issueRecovered([[0, 12, '"recovered"']]);
  expect(ledger.lastMade()).toEqual([
    [0, 9, '"whole"'],
    [1, 2, '"b"'],
  ]);
  expect(ledger.issued).toBe(6);
});

it('goes on from its state after a trip through JSON', () => {
  const ledger = ledgerOf(9);
  take(ledger, 1, 3);
  ledger.settle(1, result(1, { running: { node: 'n', host: 'h' }, records: [1], times: [2] }));
  take(ledger, 2, 1);
  ledger.settle(2, result(0, { died: 'gone' }));
  take(ledger, 3, 1, 0);
  ledger.lost(3, 50, WHY);
  const state = JSON.parse(JSON.stringify(ledger.state())) as LedgerState;
  const next = new Ledger(3, state);
  expect(next.state()).toEqual(ledger.state());
  expect(account(next)).toEqual(account(ledger));
  expect(next.owed()).toEqual(ledger.owed());
  expect(next.nextRetryIn(50)).toBe(ledger.nextRetryIn(50));
  expect(next.balanced).toBe(true);
});

it('knows only leases that are out', () => {
  const ledger = ledgerOf(1);
  expect(() => ledger.settle(1, result(0))).toThrow('lease 1 is not out');
  take(ledger, 1);
  expect(() => ledger.state()).toThrow('while leases are out');
  ledger.settle(1, result(1));
  expect(() => ledger.settle(1, result(1))).toThrow('lease 1 is not out');
});

it('owes first what may have been begun', () => {
  const ledger = ledgerOf(6);
  take(ledger, 1, 2);
  ledger.settle(1, result(0, { running: { node: 'node', host: 'host' } }));
  take(ledger, 2, 2);
  expect(ledger.begun).toBe(3);
  expect(orders(ledger.owed())).toEqual([1, 2, 3, 4, 5, 6]);
  ledger.returned(2);
  expect(ledger.begun).toBe(1);
  expect(orders(ledger.owed())).toEqual([1, 2, 3, 4, 5, 6]);
});

describe('what may have been begun', () => {
  /** Those that may have been begun, and those that certainly were not. */
  const split = (ledger: Ledger): { begun: number[]; not: number[] } => {
    const owed = orders(ledger.owed());
    return { begun: owed.slice(0, ledger.begun), not: owed.slice(ledger.begun) };
  };

  it('is a slice that was cut short when its node ended its host', () => {
    const ledger = ledgerOf(3);
    take(ledger, 1);
    ledger.settle(1, result(1, { cut: 1 }));
    expect(split(ledger)).toEqual({ begun: [2], not: [3] });
    expect(ledger.triesOf([slice(2)])).toEqual([]);
    ledger.issue([slice(4)]);
    take(ledger, 2, 1);
    ledger.settle(2, result(0, { cut: 1 }));
    expect(split(ledger)).toEqual({ begun: [2], not: [3, 4] });
    take(ledger, 3, 1);
    ledger.settle(3, result(1));
    take(ledger, 4);
    ledger.settle(4, result(0, { cut: 2 }));
    expect(split(ledger)).toEqual({ begun: [3, 4], not: [] });
  });

  it('is a slice that killed its host', () => {
    const ledger = ledgerOf(3);
    take(ledger, 1);
    ledger.settle(1, result(1, { died: 'gone' }));
    expect(split(ledger)).toEqual({ begun: [2], not: [3] });
    take(ledger, 2);
    ledger.returned(2);
    expect(split(ledger)).toEqual({ begun: [2], not: [3] });
  });

  it('is a lost lease, also what was not reached of it when it was leased again', () => {
    const ledger = ledgerOf(5);
    take(ledger, 1, 4);
    ledger.lost(1, 0, WHY);
    expect(split(ledger)).toEqual({ begun: [1, 2, 3, 4], not: [5] });
    expect(take(ledger, 2)).toEqual([1, 2]);
    ledger.settle(2, result(1));
    expect(split(ledger)).toEqual({ begun: [2, 3, 4], not: [5] });
    expect([take(ledger, 3), take(ledger, 4), take(ledger, 5)]).toEqual([[2], [3, 4], [5]]);
  });

  it.each(['unknown', 'ended'] as const)('is one that outlasted its lease and is %s', (outcome) => {
    const ledger = ledgerOf(2);
    take(ledger, 1);
    ledger.settle(1, result(0, { running: { node: 'n', host: 'h' } }));
    ledger.collected(ledger.running[0] as RunningSlice, { outcome } as never);
    expect(split(ledger)).toEqual({ begun: [1], not: [2] });
    const carried = new Ledger(3, JSON.parse(JSON.stringify(ledger.state())) as LedgerState);
    expect(split(carried)).toEqual({ begun: [1], not: [2] });
  });
});

it('knows two slices apart to which a reader gave one id', () => {
  const ledger = new Ledger(3);
  ledger.issue([
    [0, 1, '{}', 'same'],
    [0, 2, '{}', 'same'],
  ]);
  for (const id of [1, 2]) {
    take(ledger, id, 1);
    ledger.settle(id, result(0, { running: { node: 'n', host: `host ${id}` } }));
  }
  expect(ledger.balanced).toBe(true);
  for (const running of ledger.running) ledger.collected(running, { outcome: 'completed' });
  expect(account(ledger)).toEqual({ issued: 2, completed: 2, failed: 0, pending: 0 });
});

it('leases nothing but retries where no slices are wanted', () => {
  const ledger = ledgerOf(3);
  expect(take(ledger, 1, 0)).toEqual([]);
  expect(ledger.leased).toBe(0);
  take(ledger, 1, 1);
  ledger.settle(1, result(0, { cut: 1 }));
  expect(take(ledger, 2, 0)).toEqual([1]);
});

it('counts slices as packed, by the worst that was seen, also in the next run', () => {
  const ledger = new Ledger(3);
  ledger.issueRecovered([slice(1, 'x'.repeat(1_000))]);
  const whole = ledger.queuedBytes;
  expect(ledger.bytes).toBe(whole / 4);
  ledger.packs(0.1);
  expect(ledger.bytes).toBe(whole / 4);
  ledger.packs(0.5);
  ledger.packs(0.3);
  expect(ledger.bytes).toBe(whole / 2);
  expect(new Ledger(3, ledger.state()).bytes).toBe(whole / 2);
  const { packing: _unknown, ...before } = ledger.state();
  expect(new Ledger(3, before).bytes).toBe(whole);
});

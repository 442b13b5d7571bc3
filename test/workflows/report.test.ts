import { Ledger } from '../../src/workflows/ledger.js';
import { countersOf, detailsOf, verdictOf, type Ending } from '../../src/workflows/report.js';

const ENDED: Ending = { stopped: false, fatal: null, failedFlushes: [], lostHosts: 0 };

/** A ledger of two slices of which the first completed, and the second as said. */
function ledgerWith(second: 'completed' | 'failed' | 'pending'): Ledger {
  const ledger = new Ledger(0);
  ledger.issue([
    [0, 1, '1'],
    [0, 2, '2'],
  ]);
  ledger.lease(1, 2, 1_000, 0);
  const failed = second === 'failed' ? [{ i: 1, error: 'Error: no', retries: 0 }] : [];
  ledger.settle(1, { done: second === 'pending' ? 1 : 2, failed, ms: 1 });
  return ledger;
}

it('says completed of a ledger of which everything is done, and of no other', () => {
  expect(verdictOf('x', ledgerWith('completed'), ENDED)).toEqual({ status: 'completed', reason: '' });
  expect(verdictOf('x', ledgerWith('pending'), ENDED)).toMatchObject({ status: 'failed' });
  expect(verdictOf('x', ledgerWith('failed'), ENDED)).toEqual({
    status: 'failed',
    reason: 'execution: x had 1 slice failure during processing',
  });
});

it('says failed, with every reason, when a flush failed, work was lost or it could not go on', () => {
  const ledger = ledgerWith('completed');
  for (const [ending, reason] of [
    [{ failedFlushes: ['h1: disk full'] }, 'flush failed: h1: disk full'],
    [{ lostHosts: 2 }, '2 worker(s) of stateful operations were lost before their flush'],
    [{ fatal: 'the slicer broke', failedFlushes: ['h'] }, 'the slicer broke; flush failed: h'],
  ] as const) {
    expect(verdictOf('x', ledger, { ...ENDED, ...ending } as Ending)).toEqual({ status: 'failed', reason });
  }
});

it('says stopped of a run that was stopped, whatever it still owes, unless a flush failed', () => {
  const stopped = { ...ENDED, stopped: true };
  for (const second of ['completed', 'failed', 'pending'] as const) {
    expect(verdictOf('x', ledgerWith(second), stopped)).toEqual({ status: 'stopped', reason: '' });
  }
  expect(verdictOf('x', ledgerWith('pending'), { ...stopped, failedFlushes: ['h'] }).status).toBe('failed');
});

it('shows a job name as it is, not as Markdown', () => {
  const details = detailsOf({ name: '*a* [b](c)', jobId: 'j' }, ledgerWith('failed'), {
    status: 'failing',
    workers: 2,
    fatal: null,
  });
  expect(details).toContain(
    '**\\*a\\* \\[b\\](c)** is failing\n\n- job `j`\n- slices: 2 issued, 1 completed, 1 failed',
  );
});

it('counts slices as queued that wait in a lease, all but the one that each worker has at hand', () => {
  const ledger = new Ledger(0);
  const queued = (workers: number): number =>
    countersOf(ledger, undefined, { started: 0, workers }).stats.queued;
  ledger.issue(Array.from({ length: 10 }, (_, i) => [0, i + 1, '1']));
  expect(queued(2)).toBe(10);
  ledger.lease(1, 3, 1_000, 0);
  expect(queued(2)).toBe(9);
  ledger.lease(2, 3, 1_000, 0);
  ledger.lease(3, 3, 1_000, 0);
  expect(queued(2)).toBe(8);
});

import { jest } from '@jest/globals';
import { HostLeases } from '../../../src/workers/node/host-leases.js';
import { monotonic } from '../../../src/workers/host/monotonic.js';
import { type Progress } from '../../../src/workers/host/progress.js';
import type { HostSetup } from '../../../src/workers/host/protocol.js';
import type { LeaseInput, LeaseResult, SliceTuple } from '../../../src/workflows/types.js';

/**
 * What a host says comes two ways: how far it is stands in a file at once, what failed is on a pipe that the node may not
 * have read. Here the one is ahead of the other.
 */

const SLICES: SliceTuple[] = [
  [0, 1, '{}'],
  [0, 2, '{}'],
];
const FAILED = { type: 'failed', failure: { i: 0, error: 'no', retries: 0 } } as const;
const ENDED = { type: 'leaseEnded' as const, ms: 1, records: [], times: [] };

class TestHost {
  progress: Progress = { lease: 0, ended: 0, failed: 0, since: 0 };
  looks = 0;
  readonly sent: string[] = [];
  private readonly moreLooks: Array<() => void> = [];
  readonly leases = new HostLeases({ hostId: 'host', execution: {} } as HostSetup, {
    progress: () => {
      this.looks++;
      for (const looked of this.moreLooks.splice(0)) looked();
      return this.progress;
    },
    send: (message) => this.sent.push(message.type),
    kill: () => undefined,
    changed: () => undefined,
  });

  /** A lease whose overtime begins at once, as a budget of 5 s less than nothing makes it. */
  run(budget = -5_000, expected = 0, cancelled = new AbortController().signal): Promise<LeaseResult> {
    const input = { exId: 'ex', slices: SLICES, budget, expected } as LeaseInput;
    return this.leases.run(input, 'node', cancelled);
  }

  /** The next time that the node looks where the host is. */
  looked(): Promise<void> {
    return new Promise((resolve) => this.moreLooks.push(resolve));
  }
}

it('waits at the end of a lease for the word of a slice that has failed', async () => {
  const host = new TestHost();
  host.progress = { lease: 1, ended: 1, failed: 1, since: 0 };
  const answer = host.run();
  await host.looked();
  await host.looked();
  host.leases.receive(FAILED);
  await expect(answer).resolves.toMatchObject({ done: 1, failed: [{ i: 0 }], running: { host: 'host' } });
});

it('knows of a failed slice before the host has noted that it ended', async () => {
  const host = new TestHost();
  host.progress = { lease: 1, ended: 0, failed: 0, since: 0 };
  const answer = host.run();
  host.leases.receive(FAILED);
  host.leases.hostGone('it died');
  await expect(answer).resolves.toMatchObject({ done: 1, failed: [{ i: 0 }], died: 'it died' });
});

it('counts nothing of a host that is gone but what its pipe has told of', async () => {
  const host = new TestHost();
  host.progress = { lease: 1, ended: 2, failed: 1, since: 0 };
  const answer = host.run();
  host.leases.hostGone('it died');
  const result = await answer;
  expect(result).toMatchObject({ done: 0, failed: [] });
  expect(result.died).toBeUndefined();
});

it('takes no note of an earlier lease for one of this', async () => {
  const host = new TestHost();
  host.progress = { lease: 1, ended: 2, failed: 0, since: 0 };
  const first = host.run();
  host.leases.receive(ENDED);
  await expect(first).resolves.toMatchObject({ done: 2 });
  const second = host.run();
  host.leases.hostGone('it died');
  const result = await second;
  expect(result).toMatchObject({ done: 0, failed: [] });
  expect(result.died).toBeUndefined();
});

it('does not call a slice in overtime completed while a failure is not told', async () => {
  const host = new TestHost();
  host.progress = { lease: 1, ended: 0, failed: 0, since: 0 };
  await host.run();
  const outcome = host.leases.outcomes.of(SLICES[0] as SliceTuple);
  host.progress = { lease: 1, ended: 1, failed: 1, since: 0 };
  host.leases.hostGone('it died');
  await expect(outcome).resolves.toEqual({ outcome: 'died', reason: 'it died' });
});

describe('a lease with a long budget', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('ends soon after a slice of it has failed: failures are heard of when it returns', async () => {
    const host = new TestHost();
    const answer = host.run(30_000);
    host.progress = { lease: 1, ended: 1, failed: 1, since: 0 };
    host.leases.receive(FAILED);
    jest.advanceTimersByTime(500);
    expect(host.sent).toEqual(['lease']);
    jest.advanceTimersByTime(1_000);
    expect(host.sent).toEqual(['lease', 'halt']);
    host.leases.receive({ type: 'leaseEnded', ms: 1, records: [], times: [] });
    await expect(answer).resolves.toMatchObject({ done: 1, failed: [{ i: 0 }] });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('waits for the slice at hand no longer than any other once it is cancelled', async () => {
    const host = new TestHost();
    const cancellation = new AbortController();
    const answer = host.run(30_000, 0, cancellation.signal);
    jest.advanceTimersByTime(500);
    host.progress = { lease: 1, ended: 1, failed: 0, since: monotonic() };
    cancellation.abort();
    jest.advanceTimersByTime(4_900);
    expect(host.leases.overtime).toBe(false);
    jest.advanceTimersByTime(200);
    expect(host.leases.overtime).toBe(true);
    await expect(answer).resolves.toMatchObject({ done: 1, running: { host: 'host' } });
  });

  it('wants the next one when it is expected to end, not at its beginning, and none before it had any', async () => {
    const host = new TestHost();
    const lease = (expected: number) => {
      const answer = host.run(30_000, expected);
      return async () => {
        host.leases.receive({ type: 'leaseEnded', ms: 1, records: [], times: [] });
        await answer;
      };
    };
    expect(host.leases.wantsNext).toBe(false);
    await lease(0)();
    expect([host.leases.brisk, host.leases.wantsNext]).toEqual([true, false]);
    const end = lease(4_000);
    jest.advanceTimersByTime(2_500);
    expect(host.leases.wantsNext).toBe(false);
    jest.advanceTimersByTime(600);
    expect(host.leases.wantsNext).toBe(true);
    await end();
    const short = lease(200);
    expect(host.leases.wantsNext).toBe(true);
    await short();
  });
});

import { CancelledFailure } from '@temporalio/common';
import { collectSlice, processSlices, type SliceHosts } from '../../src/activities/slices.js';
import type { HostProcess } from '../../src/workers/node/host-process.js';
import { LeaseHeartbeats } from '../../src/workers/node/lease-heartbeats.js';
import { WaitingLeases } from '../../src/workers/node/waiting-leases.js';
import type { CollectResult, LeaseInput, LeaseResult, SliceTuple } from '../../src/workflows/types.js';
import { environmentOf } from './support/environment.js';

const SLICE: SliceTuple = [0, 1, '{}'];
const LEASE: LeaseInput = { exId: 'ex', lease: 1, slices: [SLICE], budget: 1_000, expected: 0 };

/** A host that answers each lease when told to. */
class PlayedHost {
  readonly ran: LeaseInput[] = [];
  readonly nodes: string[] = [];
  cancelled = false;
  answer: (result: LeaseResult) => void = () => undefined;
  busy = false;
  counts = true;
  readonly leases = {
    brisk: false,
    run: (input: LeaseInput, node: string, cancelled: AbortSignal): Promise<LeaseResult> => {
      this.ran.push(input);
      this.nodes.push(node);
      cancelled.addEventListener('abort', () => (this.cancelled = true));
      return new Promise((resolve) => (this.answer = resolve));
    },
  };
}

const nodeOf = (hosts: PlayedHost[], connected = true): SliceHosts => ({
  incarnation: 'node-a',
  connected: () => connected,
  heartbeats: new LeaseHeartbeats(),
  leases: new WaitingLeases(() => hosts as unknown as HostProcess[]),
});

describe('processSlices', () => {
  it('gives the lease to the first host that is idle and may take one', async () => {
    const [busy, overtime, idle] = [new PlayedHost(), new PlayedHost(), new PlayedHost()];
    busy.busy = true;
    overtime.counts = false;
    const environment = environmentOf();
    const result = environment.run(processSlices(nodeOf([busy, overtime, idle])), LEASE);
    idle.answer({ done: 1, failed: [], ms: 3 });
    await expect(result).resolves.toEqual({ done: 1, failed: [], ms: 3 });
    expect([busy.ran, overtime.ran, idle.ran]).toEqual([[], [], [LEASE]]);
    expect(idle.nodes).toEqual(['node-a']);
  });

  it.each([
    ['no host is idle', nodeOf([])],
    ['the node is cut off from Temporal', nodeOf([new PlayedHost()], false)],
  ])('answers that nothing was done when %s', async (_why, node) => {
    await expect(environmentOf().run(processSlices(node), LEASE)).resolves.toEqual({
      done: 0,
      failed: [],
      ms: 0,
    });
  });

  it('answers normally when it is cancelled, with what the host had done', async () => {
    const host = new PlayedHost();
    const environment = environmentOf();
    const result = environment.run(processSlices(nodeOf([host])), LEASE);
    environment.cancel();
    expect(host.cancelled).toBe(true);
    host.answer({ done: 0, failed: [], ms: 1 });
    await expect(result).resolves.toEqual({ done: 0, failed: [], ms: 1 });
  });
});

describe('collectSlice', () => {
  const node = (outcome: Promise<CollectResult> | undefined) => ({
    outcomes: (hostId: string) =>
      hostId === 'known' ? { of: (slice: SliceTuple) => (slice[1] === 1 ? outcome : undefined) } : undefined,
  });
  const of = (host: string, slice = SLICE) => ({ exId: 'ex', host, slice });

  it('gives the outcome of a slice, as often as it is asked', async () => {
    const kept = node(Promise.resolve({ outcome: 'completed', records: [1] }));
    for (let times = 0; times < 2; times++) {
      await expect(environmentOf().run(collectSlice(kept), of('known'))).resolves.toEqual({
        outcome: 'completed',
        records: [1],
      });
    }
  });

  it('says that it knows no such slice, or no such host', async () => {
    const kept = node(Promise.resolve({ outcome: 'ended' }));
    const unknown = { outcome: 'unknown' };
    await expect(environmentOf().run(collectSlice(kept), of('other'))).resolves.toEqual(unknown);
    await expect(environmentOf().run(collectSlice(kept), of('known', [0, 2, '{}']))).resolves.toEqual(
      unknown,
    );
  });

  it('ends when it is cancelled while the slice goes on', async () => {
    const environment = environmentOf();
    const result = environment.run(collectSlice(node(new Promise(() => undefined))), of('known'));
    environment.cancel();
    await expect(result).rejects.toBeInstanceOf(CancelledFailure);
  });
});

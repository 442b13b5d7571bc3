import type { HostProcess } from '../../../src/workers/node/host-process.js';
import { WaitingLeases } from '../../../src/workers/node/waiting-leases.js';

class PlayedHost {
  busy = false;
  counts = true;
  leases = { brisk: true };
  private end: () => void = () => undefined;

  constructor(readonly id: string) {}

  /** What a lease does with the host: it ends when told to. */
  async run(lease: string, began: string[]): Promise<string> {
    this.busy = true;
    began.push(`${lease} on ${this.id}`);
    await new Promise<void>((resolve) => (this.end = resolve));
    return `${lease} ended`;
  }

  free(): void {
    this.busy = false;
    this.end();
  }
}

function setUp(...names: string[]) {
  const hosts = names.map((name) => new PlayedHost(name));
  const leases = new WaitingLeases((exId) => (exId === 'ex' ? hosts : []) as unknown as HostProcess[]);
  const began: string[] = [];
  const cancels: AbortController[] = [];
  const give = (lease: string): Promise<string | undefined> => {
    const cancel = new AbortController();
    cancels.push(cancel);
    return leases.give('ex', cancel.signal, (host) => (host as unknown as PlayedHost).run(lease, began));
  };
  return { hosts: hosts as [PlayedHost, ...PlayedHost[]], leases, began, cancels, give };
}

it('gives each lease to an idle host, and the next one to whichever is free first', async () => {
  const { hosts, leases, began, give } = setUp('one', 'two');
  const [first, ...others] = ['a', 'b', 'c', 'd'].map(give);
  expect(began).toEqual(['a on one', 'b on two']);
  hosts[0].free();
  leases.changed();
  expect(began).toEqual(['a on one', 'b on two', 'c on one']);
  await expect(first).resolves.toBe('a ended');
  hosts[1]?.free();
  leases.changed();
  expect(began).toHaveLength(4);
  await expect(others[0]).resolves.toBe('b ended');
});

it('gives a lease up at once where no host comes back soon', async () => {
  const { hosts, began, give } = setUp('one');
  hosts[0].leases.brisk = false;
  void give('a');
  await expect(give('b')).resolves.toBeUndefined();
  expect(began).toEqual(['a on one']);
});

it('gives up what waits when the last host that would come back soon goes, or takes long', async () => {
  const { hosts, leases, give } = setUp('one', 'two');
  void give('a');
  void give('b');
  const waiting = [give('c'), give('d')];
  hosts[0].counts = false;
  leases.changed();
  hosts[1]!.leases.brisk = false;
  leases.changed();
  await expect(Promise.all(waiting)).resolves.toEqual([undefined, undefined]);
});

it('gives up a lease that waited too long', async () => {
  const { give } = setUp('one');
  void give('a');
  await expect(give('b')).resolves.toBeUndefined();
});

it.each([
  ['it was cancelled itself', 1],
  ['the one at hand was cancelled: all of an execution are', 0],
])('does not begin a lease that waits when %s', async (_why, which) => {
  const { hosts, leases, began, cancels, give } = setUp('one');
  void give('a');
  const waiting = give('b');
  cancels[which]?.abort();
  hosts[0].free();
  leases.changed();
  await expect(waiting).resolves.toBeUndefined();
  expect(began).toEqual(['a on one']);
});

it('does not begin a lease that was cancelled before it came', async () => {
  const { leases, began } = setUp('one');
  const given = leases.give('ex', AbortSignal.abort(), async () => began.push('a'));
  await expect(given).resolves.toBeUndefined();
  expect(began).toEqual([]);
});

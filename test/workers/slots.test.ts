import type { SlotMarkUsedContext, SlotReserveContext, ActivitySlotInfo } from '@temporalio/worker';
import { leaseCapacity } from '../../src/workers/node/lease-slots.js';
import type { HostProcess } from '../../src/workers/node/host-process.js';
import { WorkflowSlots } from '../../src/workers/master/workflow-slots.js';
import { CountedSlots } from '../../src/workers/slots.js';

const CONTEXT = {} as SlotReserveContext;

function setUp(hosts: number) {
  const state = { hosts };
  const slots = new CountedSlots<ActivitySlotInfo>(() => state.hosts);
  const granted: number[] = [];
  let asked = 0;
  const reserve = (abort = new AbortController()) => {
    const number = ++asked;
    const permit = slots.reserveSlot(CONTEXT, abort.signal);
    permit.then(
      () => granted.push(number),
      () => undefined,
    );
    return permit;
  };
  return { state, slots, granted, reserve };
}

/** Lets everything that is ready happen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('grants as many permits as hosts count, and the next when one is released', async () => {
  const { slots, granted, reserve } = setUp(2);
  for (let i = 0; i < 4; i++) void reserve();
  await settle();
  expect(granted).toEqual([1, 2]);
  expect(slots.tryReserveSlot()).toBeNull();
  slots.releaseSlot();
  await settle();
  expect(granted).toHaveLength(3);
  slots.releaseSlot();
  await settle();
  expect(granted).toHaveLength(4);
});

it('looks again when hosts come, and grants nothing while too many permits are out after hosts went', async () => {
  const { state, slots, granted, reserve } = setUp(0);
  for (let i = 0; i < 3; i++) void reserve();
  await settle();
  expect(granted).toEqual([]);
  state.hosts = 2;
  slots.changed();
  await settle();
  expect(granted).toHaveLength(2);
  state.hosts = 1;
  slots.changed();
  slots.releaseSlot();
  await settle();
  expect(granted).toHaveLength(2);
  slots.releaseSlot();
  await settle();
  expect(granted).toHaveLength(3);
});

it('counts permits that were reserved without waiting', async () => {
  const { slots, granted, reserve } = setUp(1);
  expect(slots.tryReserveSlot()).not.toBeNull();
  void reserve();
  await settle();
  expect(granted).toEqual([]);
  slots.markSlotUsed({} as SlotMarkUsedContext<ActivitySlotInfo>);
  slots.releaseSlot();
  await settle();
  expect(granted).toEqual([1]);
});

it('takes no permit for one who gave up waiting, before or after it asked', async () => {
  const { state, slots, granted, reserve } = setUp(0);
  const later = new AbortController();
  const waiting = reserve(later);
  later.abort();
  await expect(waiting).rejects.toBe(later.signal.reason);
  const before = AbortSignal.abort();
  await expect(slots.reserveSlot(CONTEXT, before)).rejects.toBe(before.reason);
  void reserve();
  state.hosts = 1;
  slots.changed();
  await settle();
  expect(granted).toEqual([2]);
  expect(slots.tryReserveSlot()).toBeNull();
});

it('holds a lease for each host that can take one, and one more behind each that gives them back soon', () => {
  const host = (counts: boolean, brisk: boolean) =>
    ({ counts, leases: { wantsNext: brisk } }) as unknown as HostProcess;
  expect(leaseCapacity([])).toBe(0);
  expect(leaseCapacity([host(true, false), host(true, true), host(false, true)])).toBe(3);
});

it('lets one run be replayed at a time, and those in memory pass it', async () => {
  const slots = new WorkflowSlots();
  const { signal } = new AbortController();
  const replay = { isSticky: false } as SlotReserveContext;
  const cached = { isSticky: true } as SlotReserveContext;
  const permit = await slots.reserveSlot(replay, signal);
  let granted = false;
  const next = slots.reserveSlot(replay, signal).then(() => (granted = true));
  expect(slots.tryReserveSlot(replay)).toBeNull();
  for (let i = 0; i < 3; i++) slots.releaseSlot({ permit: await slots.reserveSlot(cached, signal) });
  await settle();
  expect(granted).toBe(false);
  slots.releaseSlot({ permit });
  await next;
});

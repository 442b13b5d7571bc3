import { CancelledFailure } from '@temporalio/common';
import { createSlices, type SlicerNode } from '../../src/activities/slicer.js';
import { CreateFailure, type HostProcess } from '../../src/workers/node/host-process.js';
import {
  SLICER_FAILURES,
  type CreateInput,
  type CreateResult,
  type SliceTuple,
} from '../../src/workflows/types.js';
import { PackingMeter } from '../../src/workers/packing-meter.js';
import { environmentOf } from './support/environment.js';

const INPUT: CreateInput = {
  exId: 'ex',
  number: 7,
  last: [],
  wanted: { slices: 10, bytes: 1_000 },
  queued: 0,
  stats: { connected: 1, processed: 0, failed: 0 },
  events: [],
  eventsFrom: 1,
};

const answer = (slices: SliceTuple[]) => ({ slices, done: false, recoverable: true }) as CreateResult;

class Node implements SlicerNode {
  readonly pages = new Map<string, SliceTuple[]>();
  isConnected = true;

  constructor(private readonly create: (() => Promise<CreateResult>) | undefined) {}

  connected(): boolean {
    return this.isConnected;
  }

  slicer(): HostProcess | undefined {
    return this.create && ({ create: this.create, packing: new PackingMeter() } as unknown as HostProcess);
  }

  async writePage(_exId: string, page: string, slices: SliceTuple[]): Promise<void> {
    this.pages.set(page, slices);
  }
}

const run = (node: Node): Promise<CreateResult> => environmentOf().run(createSlices(node), INPUT);

it('answers what the slicer host answers', async () => {
  const result = answer([[0, 1, '{}']]);
  await expect(run(new Node(async () => result))).resolves.toEqual(result);
});

it('says that nobody is there without a host, and while the node is cut off', async () => {
  await expect(run(new Node(undefined))).rejects.toMatchObject({ type: SLICER_FAILURES.gone });
  const cutOff = new Node(async () => answer([]));
  cutOff.isConnected = false;
  await expect(run(cutOff)).rejects.toMatchObject({ type: SLICER_FAILURES.gone, nonRetryable: true });
});

it('fails with a text that Temporal takes, whatever the host said', async () => {
  const node = new Node(() =>
    Promise.reject(new CreateFailure(SLICER_FAILURES.init, 'half of \ud83d and \0')),
  );
  const failure = (await run(node).catch((error: unknown) => error)) as Error;
  expect(failure).toMatchObject({ type: SLICER_FAILURES.init, message: 'half of \ufffd and \ufffd' });
  expect(failure.stack).not.toMatch(/[\0\ud83d]/);
});

it('keeps the type of a failure of the host', async () => {
  const node = new Node(() => Promise.reject(new CreateFailure(SLICER_FAILURES.init, 'cannot be loaded')));
  await expect(run(node)).rejects.toMatchObject({ type: SLICER_FAILURES.init, message: 'cannot be loaded' });
});

it('puts an answer that is too large into the store, in pages that hold all of it in order', async () => {
  const slices = Array.from({ length: 30 }, (_, i): SliceTuple => [0, i, JSON.stringify('x'.repeat(30_000))]);
  const node = new Node(async () => answer(slices));
  const result = await run(node);
  expect(result.slices).toEqual([]);
  const pages = (result.pages ?? []).map((id) => node.pages.get(id) ?? []);
  expect(pages.length).toBeGreaterThan(2);
  expect(pages.flat()).toEqual(slices);
  for (const page of pages) expect(JSON.stringify(page).length).toBeLessThan(300_000);
});

it('gives the pages of two answers to the same call different names', async () => {
  const large = (length: number) =>
    Array.from({ length }, (_, i): SliceTuple => [0, i, JSON.stringify('x'.repeat(60_000))]);
  const ids = async (slices: SliceTuple[]): Promise<string[]> =>
    (await run(new Node(async () => answer(slices)))).pages ?? [];
  const first = await ids(large(12));
  const second = await ids(large(20));
  expect(first.length).toBeGreaterThan(0);
  expect(second.filter((id) => first.includes(id))).toEqual([]);
});

it('refuses a request that no history can hold', async () => {
  const node = new Node(async () => answer([[0, 4, JSON.stringify('x'.repeat(300_000))]]));
  await expect(run(node)).rejects.toMatchObject({
    type: SLICER_FAILURES.tooLarge,
    message: expect.stringContaining(
      'slice 0:4 of ex ex has a request of 300026 bytes in JSON; the limit is 262144',
    ),
  });
});

it('refuses last requests that are too large together, whichever call they came with', async () => {
  const slice = (slicer: number): SliceTuple => [slicer, 1, JSON.stringify('x'.repeat(200_000))];
  const node = new Node(async () => answer([slice(2)]));
  const of = (last: SliceTuple[]) =>
    environmentOf().run(createSlices(node), { ...INPUT, last: last as CreateInput['last'] });
  await expect(of([slice(0), slice(1)])).rejects.toMatchObject({
    type: SLICER_FAILURES.tooLarge,
    message: expect.stringContaining('the last requests of the 3 slicers of ex ex have 600078 bytes in JSON'),
  });
  await expect(of([slice(0), slice(2)])).resolves.toMatchObject({ slices: [slice(2)] });
});

it('lets go of its caller when it is cancelled, while the slicer goes on', async () => {
  const environment = environmentOf();
  const result = environment.run(createSlices(new Node(() => new Promise(() => undefined))), INPUT);
  environment.cancel();
  await expect(result).rejects.toBeInstanceOf(CancelledFailure);
});

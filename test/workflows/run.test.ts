import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { createSlices } from '../../src/activities/slicer.js';
import { CreateFailure, type HostProcess } from '../../src/workers/node/host-process.js';
import {
  SLICER_FAILURES,
  type CreateInput,
  type CreateResult,
  type SliceTuple,
} from '../../src/workflows/types.js';
import type { LedgerSnapshot } from '../../src/store/types.js';
import { environmentOf } from '../activities/support/environment.js';
import { PlayedWorkflow, SETTINGS } from './support/played-workflow.js';

const EX_ID = '0d7f0000-0000-4000-8000-000000000000';
const INPUT = { exId: EX_ID, jobId: 'job', name: 'played', searchAttributes: false };

interface Close {
  status: string;
  failureReason: string;
  ledger: LedgerSnapshot;
}

/** A slicer that makes `calls` groups of slices, and goes on from the last slice that it is told of. */
class PlayedSlicer {
  hooks = false;
  readonly pages = new Map<string, SliceTuple[]>();
  /** Orders of the slices that were told as completed. */
  readonly told: number[] = [];
  /** Fails, or dies, before it answers. */
  trouble: (input: CreateInput) => void = () => undefined;

  constructor(
    private readonly calls: number,
    private readonly group: number,
    private readonly request: string,
  ) {}

  readonly createSlices = async (input: CreateInput): Promise<CreateResult> => {
    const node = {
      connected: () => true,
      slicer: () => ({ create: this.create }) as unknown as HostProcess,
      writePage: async (_exId: string, page: string, slices: SliceTuple[]) => {
        this.pages.set(page, slices);
      },
    };
    return environmentOf().run(createSlices(node), input);
  };

  readonly readPage = async ({ page }: { page: string }): Promise<SliceTuple[]> => {
    // Long enough for leases to end meanwhile.
    await delay(5);
    return this.pages.get(page) as SliceTuple[];
  };

  private readonly create = async (input: CreateInput): Promise<CreateResult> => {
    await delay(1);
    this.trouble(input);
    for (const [type, slice] of input.events) if (type === 'complete') this.told.push(slice[1]);
    const last = input.last[0]?.[1] ?? 0;
    const made = input.wanted.slices > 0 && last < this.calls * this.group ? this.group : 0;
    return {
      slices: Array.from({ length: made }, (_, i): SliceTuple => [0, last + 1 + i, this.request]),
      done: input.wanted.slices > 0 && last + made >= this.calls * this.group,
      recoverable: true,
      slicers: 1,
      subslices: 0,
      subsliceByKey: 0,
      rangeExpansion: 0,
      hooks: this.hooks,
      maxQueueLength: 100_000,
      confirmed: input.eventsFrom + input.events.length - 1,
    };
  };
}

/** Runs an execution to its end. */
async function play(slicer: PlayedSlicer, more: Partial<PlayedWorkflow['activities']> = {}) {
  const processed: number[] = [];
  let closed: Close | undefined;
  const workflow = new PlayedWorkflow({
    claimExecution: async () => SETTINGS,
    setStatus: async () => undefined,
    findSlicer: async () => ({ epoch: 1 }),
    recordFailures: async () => undefined,
    finishHosts: async () => ({ failed: [], lost: 0 }),
    processSlices: async ({ slices }) => {
      await delay(1);
      for (const [, order] of slices) processed.push(order);
      return { done: slices.length, failed: [], ms: slices.length / 20 };
    },
    createSlices: slicer.createSlices,
    readPage: slicer.readPage,
    closeExecution: async (close) => {
      closed = close;
    },
    ...more,
  });
  const { ExecutionRun } = await import('../../src/workflows/run.js');
  await new ExecutionRun(INPUT).run();
  return { closed: closed as unknown as Close, processed, workflow };
}

beforeEach(() => jest.resetModules());

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const sorted = (orders: number[]): number[] => [...orders].sort((a, b) => a - b);

describe('an answer in pages', () => {
  it.each([false, true])(
    'is processed as a whole, once (with somebody who listens to events: %s)',
    async (hooks) => {
      const slicer = new PlayedSlicer(2, 8_000, JSON.stringify('x'.repeat(80)));
      slicer.hooks = hooks;
      const { closed, processed } = await play(slicer);
      expect(slicer.pages.size).toBeGreaterThan(4);
      expect(closed).toMatchObject({
        status: 'completed',
        ledger: { issued: 16_000, completed: 16_000, pages: [] },
      });
      expect(sorted(processed)).toEqual(upTo(16_000));
      if (hooks) expect(sorted(slicer.told)).toEqual(upTo(16_000));
    },
  );

  it('is processed as a whole though the slicer is lost and nobody can be told any more', async () => {
    const slicer = new PlayedSlicer(2, 8_000, JSON.stringify('x'.repeat(80)));
    slicer.hooks = true;
    slicer.trouble = ({ number }) => {
      if (number > 1) throw new CreateFailure(SLICER_FAILURES.lost, 'the slicer was lost');
    };
    const { closed, processed } = await play(slicer);
    expect(closed).toMatchObject({ status: 'failed', failureReason: 'the slicer was lost' });
    expect(sorted(processed)).toEqual(upTo(8_000));
  });
});

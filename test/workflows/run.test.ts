import { setTimeout as delay } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { createSlices } from '../../src/activities/slicer.js';
import { CreateFailure, type HostProcess } from '../../src/workers/node/host-process.js';
import {
  SLICER_FAILURES,
  type CreateInput,
  type CreateResult,
  type ExecutionInput,
  type ExecutionSettings,
  type SliceTuple,
} from '../../src/workflows/types.js';
import type { LedgerSnapshot } from '../../src/store/types.js';
import { until } from '../support/until.js';
import { environmentOf } from '../activities/support/environment.js';
import { ContinuedAsNew, PlayedWorkflow, SETTINGS } from './support/played-workflow.js';

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
  private confirmed = 0;
  /** Fails, or dies, before it answers. */
  trouble: (input: CreateInput) => void | Promise<void> = () => undefined;

  constructor(
    private readonly calls: number,
    private readonly group: number,
    private readonly request: string | (() => string),
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

  private next(): string {
    return typeof this.request === 'string' ? this.request : this.request();
  }

  private readonly create = async (input: CreateInput): Promise<CreateResult> => {
    await delay(1);
    await this.trouble(input);
    const known = this.confirmed - input.eventsFrom + 1;
    for (const [type, slice] of input.events.slice(known)) if (type === 'complete') this.told.push(slice[1]);
    this.confirmed = input.eventsFrom + input.events.length - 1;
    const last = input.last[0]?.[1] ?? 0;
    const made = input.wanted.slices > 0 && last < this.calls * this.group ? this.group : 0;
    return {
      slices: Array.from({ length: made }, (_, i): SliceTuple => [0, last + 1 + i, this.next()]),
      done: input.wanted.slices > 0 && last + made >= this.calls * this.group,
      recoverable: true,
      slicers: 1,
      subslices: 0,
      subsliceByKey: 0,
      rangeExpansion: 0,
      hooks: this.hooks,
      maxQueueLength: 100_000,
      confirmed: this.confirmed,
    };
  };
}

/** Starts an execution whose slices all complete, unless told otherwise. */
async function start(
  slicer: PlayedSlicer,
  {
    settings = SETTINGS,
    ...more
  }: Partial<PlayedWorkflow['activities']> & { settings?: ExecutionSettings } = {},
) {
  const processed: number[] = [];
  const closes: Close[] = [];
  const workflow = new PlayedWorkflow({
    claimExecution: async () => settings,
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
      closes.push(close);
    },
    ...more,
  });
  const { ExecutionRun } = await import('../../src/workflows/run.js');
  const begin = (input: ExecutionInput) => {
    const run = new ExecutionRun(input);
    return { run, ended: run.run() };
  };
  return { ...begin(INPUT), begin, workflow, processed, closes };
}

/** Runs an execution to its end. */
async function play(slicer: PlayedSlicer, more: Parameters<typeof start>[1] = {}) {
  const { ended, closes, ...played } = await start(slicer, more);
  await ended;
  return { ...played, closed: closes[0] as Close };
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

describe('what a run holds', () => {
  const LIMIT = 1.5 * 1024 * 1024;
  const WORKERS = { ...SETTINGS, workers: 64 };
  const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
  const uuids = (count: number) => () =>
    JSON.stringify({ ids: Array.from({ length: count }, () => randomUUID()) });

  it.each([false, true])('is bounded while every slice outlasts its lease (events: %s)', async (hooks) => {
    const slicer = new PlayedSlicer(200, 1, uuids(1_000));
    slicer.hooks = hooks;
    const sizes: number[] = [];
    const ends: Array<() => void> = [];
    const { run, begin, ended, closes, workflow } = await start(slicer, {
      settings: WORKERS,
      processSlices: async () => {
        sizes.push(sizeOf(run.snapshot()));
        return { done: 0, failed: [], ms: 0, running: { node: randomUUID(), host: randomUUID() } };
      },
      collectSlice: async () => {
        await new Promise<void>((end) => ends.push(end));
        return { outcome: 'completed' };
      },
    });
    const over = ended.catch((error: unknown) => error);
    let before = -1;
    const quiet = async (): Promise<boolean> => {
      if (before === ends.length && before > 0) return true;
      before = ends.length;
      return false;
    };
    await until(quiet, 20_000, 300);
    workflow.historyLength = 5_000;
    run.setWorkers(64);
    const continued = (await over) as ContinuedAsNew;
    expect(continued).toBeInstanceOf(ContinuedAsNew);
    sizes.push(sizeOf(continued.input));
    // Some are at work at the same time, though not all.
    expect(ends.length).toBeGreaterThan(10);
    expect(Math.max(...sizes)).toBeLessThan(LIMIT);
    workflow.historyLength = 0;
    const next = begin(continued.input as ExecutionInput);
    const timer = setInterval(() => {
      for (const end of ends.splice(0)) end();
    }, 5);
    await next.ended;
    clearInterval(timer);
    expect(closes[0]).toMatchObject({ status: 'completed', ledger: { completed: 200 } });
  });

  it('is bounded while many failures wait to be told', async () => {
    const slicer = new PlayedSlicer(10, 2_000, () => '{"n":1}');
    slicer.hooks = true;
    slicer.trouble = ({ events }) => delay(events.length > 0 ? 200 : 1);
    let long = 0;
    const { workflow, ended, begin } = await start(slicer, {
      settings: { ...SETTINGS, workers: 16 },
      processSlices: async ({ slices }) => {
        // Not before leases are long.
        if (slices.length > 60 && ++long > 32) workflow.historyLength = 5_000;
        await delay(50);
        // As many as a node lets a lease have.
        const failed = slices.slice(0, 60).map((_, i) => ({ i, error: 'x'.repeat(2_000), retries: 0 }));
        return { done: slices.length, failed, ms: slices.length / 20 };
      },
    });
    const continued = (await ended.catch((error: unknown) => error)) as ContinuedAsNew;
    expect(sizeOf(continued.input)).toBeGreaterThan(200_000);
    expect(sizeOf(continued.input)).toBeLessThan(LIMIT);
    workflow.historyLength = 0;
    workflow.activities.processSlices = async ({ slices }) => ({ done: slices.length, failed: [], ms: 1 });
    await begin(continued.input as ExecutionInput).ended;
    expect(sorted(slicer.told)).toEqual(upTo(20_000));
  });
});

describe('a slicer', () => {
  /** A slicer of two calls that fails with this as often as it may, each time it is asked for the second time. */
  const failing = (type: string, times: number): PlayedSlicer => {
    const slicer = new PlayedSlicer(2, 3, '{}');
    slicer.trouble = ({ last }) => {
      if (last.length > 0 && times-- > 0) throw new CreateFailure(type, 'trouble');
    };
    return slicer;
  };

  it('that ends its process in every call ends its execution, with the reason, after ever longer pauses', async () => {
    const { closed, workflow } = await play(failing(SLICER_FAILURES.died, 100));
    expect(closed).toMatchObject({
      status: 'failed',
      failureReason: 'trouble, 8 times in a row',
      ledger: { issued: 3, completed: 3 },
    });
    expect(workflow.pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
  });

  it('whose host dies now and then goes on', async () => {
    const { closed, workflow } = await play(failing(SLICER_FAILURES.died, 1));
    expect(closed).toMatchObject({ status: 'completed', ledger: { completed: 6 } });
    expect(workflow.pauses).toEqual([]);
  });

  it('may die in other calls again: deaths are counted for one call', async () => {
    const slicer = new PlayedSlicer(4, 3, '{}');
    const deaths = new Map<number, number>();
    slicer.trouble = ({ number }) => {
      deaths.set(number, (deaths.get(number) ?? 0) + 1);
      if ((deaths.get(number) ?? 0) < 6) throw new CreateFailure(SLICER_FAILURES.died, 'trouble');
    };
    const { closed } = await play(slicer);
    expect(closed).toMatchObject({ status: 'completed', ledger: { completed: 12 } });
  });

  it('that is moved about is looked for, however often, and not without a pause', async () => {
    const { closed, workflow } = await play(failing(SLICER_FAILURES.gone, 20));
    expect(closed).toMatchObject({ status: 'completed', ledger: { completed: 6 } });
    expect(workflow.pauses).toHaveLength(19);
  });

  it('that throws is built anew after a pause, and ends its execution the fourth time', async () => {
    const passes = await play(failing(SLICER_FAILURES.error, 3));
    expect(passes.closed).toMatchObject({ status: 'completed', ledger: { completed: 6 } });
    expect(passes.workflow.pauses).toEqual([1_000, 2_000, 4_000]);
    jest.resetModules();
    const stays = await play(failing(SLICER_FAILURES.error, 100));
    expect(stays.closed).toMatchObject({ status: 'failed', failureReason: 'trouble' });
  });
});

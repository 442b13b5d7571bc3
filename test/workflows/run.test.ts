import { setTimeout as delay } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { createSlices } from '../../src/activities/slicer.js';
import { CreateFailure, type HostProcess } from '../../src/workers/node/host-process.js';
import { PackingMeter } from '../../src/workers/packing-meter.js';
import { compress } from '../../src/workers/payload-codec.js';
import {
  FAILURES_REFUSED,
  SLICER_FAILURES,
  type CreateInput,
  type CreateResult,
  type ExecutionInput,
  type ExecutionSettings,
  type SliceTuple,
} from '../../src/workflows/types.js';
import { TUNING, type Tuning } from '../../src/workflows/tuning.js';
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
  private readonly packing = new PackingMeter();
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
      slicer: () => ({ create: this.create, packing: this.packing }) as unknown as HostProcess,
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
    skipsTime = false,
    ...more
  }: Partial<PlayedWorkflow['activities']> & { settings?: ExecutionSettings; skipsTime?: boolean } = {},
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
  if (skipsTime) workflow.skipTime();
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
afterEach(() => jest.restoreAllMocks());

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
  /** As Temporal gets it. */
  const sizeOf = (value: unknown): number => compress(Buffer.from(JSON.stringify(value))).length;
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
    // Nobody answers the first run any more.
    ends.length = 0;
    const next = begin(continued.input as ExecutionInput);
    const timer = setInterval(() => {
      for (const end of ends.splice(0)) end();
    }, 5);
    await next.ended;
    clearInterval(timer);
    expect(closes[0]).toMatchObject({ status: 'completed', ledger: { completed: 200 } });
    if (hooks) expect(sorted(slicer.told)).toEqual(upTo(200));
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
    expect(JSON.stringify(continued.input).length).toBeGreaterThan(200_000);
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

describe('a failure', () => {
  it('is told to those who listen, however the slice failed', async () => {
    const slicer = new PlayedSlicer(4, 1, '{}');
    slicer.hooks = true;
    const errors: string[] = [];
    const running = { node: 'node', host: 'host' };
    const { closed } = await play(slicer, {
      skipsTime: true,
      settings: { ...SETTINGS, maxRetries: 0, workers: 1 },
      recordFailures: async ({ slices }) => {
        for (const { error } of slices) errors.push(error);
      },
      processSlices: async ({ slices }) => {
        const order = slices[0]?.[1];
        if (order === 1) return { done: 0, failed: [], ms: 1, died: 'it killed its host' };
        if (order === 2) return { done: 0, failed: [], ms: 1, running };
        if (order === 3) throw new Error('the node fell over');
        return { done: 1, failed: [{ i: 0, error: 'it threw', retries: 0 }], ms: 1 };
      },
      collectSlice: async () => ({ outcome: 'failed', error: 'it threw late', retries: 0 }),
    });
    expect(closed).toMatchObject({ status: 'failed', ledger: { failed: 4 } });
    expect(sorted(slicer.told)).toEqual(upTo(4));
    expect(errors.sort()).toEqual([
      'it killed its host',
      'it threw',
      'it threw late',
      'the slice was lost 10 times in a row: no node answered for it',
    ]);
  });

  it('of the node itself is what a slice is told to have been lost for', async () => {
    const errors: string[] = [];
    await play(new PlayedSlicer(1, 1, '{}'), {
      skipsTime: true,
      recordFailures: async ({ slices }) => {
        for (const { error } of slices) errors.push(error);
      },
      processSlices: async () => {
        throw Object.assign(new Error('the disk is full'), { type: 'Error' });
      },
    });
    expect(errors).toEqual(['the slice was lost 10 times in a row: the disk is full']);
  });

  it.each(['ended', 'lost', 'outlasting'])(
    'that the store refuses for good ends the execution, and its slice stays pending (%s)',
    async (how) => {
      const refused = Object.assign(new Error('it does not fit'), { type: FAILURES_REFUSED });
      const { closed } = await play(new PlayedSlicer(1, 1, '{}'), {
        skipsTime: true,
        recordFailures: () => Promise.reject(refused),
        processSlices: async () => {
          if (how === 'lost') throw new Error('the node fell over');
          const running = how === 'outlasting' ? { node: 'node', host: 'host' } : undefined;
          if (running) return { done: 0, failed: [], ms: 1, running };
          return { done: 1, failed: [{ i: 0, error: 'it threw', retries: 0 }], ms: 1 };
        },
        collectSlice: async () => ({ outcome: 'failed', error: 'it threw late', retries: 0 }),
      });
      expect(closed).toMatchObject({
        status: 'failed',
        failureReason: 'it does not fit',
        ledger: { issued: 1, failed: 0, completed: 0, started: 1 },
      });
    },
  );

  it('in a pause shows when the execution goes on', async () => {
    const statuses: string[] = [];
    let end: (() => void) | undefined;
    const { run, ended } = await start(new PlayedSlicer(50, 1, '{}'), {
      settings: { ...SETTINGS, workers: 1 },
      setStatus: async ({ status }) => {
        statuses.push(status);
      },
      processSlices: async ({ slices }) => {
        await delay(5);
        return slices[0]?.[1] === 1
          ? { done: 0, failed: [], ms: 1_000, running: { node: 'node', host: 'host' } }
          : { done: slices.length, failed: [], ms: 1_000 };
      },
      collectSlice: async () => {
        await new Promise<void>((resolve) => (end = resolve));
        return { outcome: 'failed', error: 'it threw', retries: 0 };
      },
    });
    await until(() => end !== undefined);
    run.want('paused');
    await until(() => statuses.at(-1) === 'paused');
    end?.();
    await until(() => run.tally()?.failed === 1);
    run.want('running');
    await ended;
    expect(statuses).toEqual(['initializing', 'running', 'paused', 'failing']);
  });
});

it('has its masters tell nodes of leases that it cancels, once', async () => {
  let leases = 0;
  const { run, workflow, ended } = await start(new PlayedSlicer(50, 1, '{}'), {
    processSlices: async ({ slices }) => {
      leases++;
      await until(() => workflow.cancelled.length > 0);
      return { done: slices.length, failed: [], ms: 1 };
    },
  });
  await until(() => leases === 4);
  run.want('paused');
  await until(() => workflow.cancelled.length > 0);
  run.want('running');
  await ended;
  expect(workflow.cancelled).toEqual([4]);
});

it('takes up what an abandoned request for a replay left, and counts it as the others', async () => {
  const parked: SliceTuple[] = [];
  let last = 0;
  const { run, ended, closes } = await start(new PlayedSlicer(1, 4, '{}'), {
    settings: { ...SETTINGS, lifecycle: 'once', workers: 1 },
    processSlices: async ({ slices }) => {
      // The last slice goes on until all failures are taken up.
      await until(() => slices[0]?.[1] !== 4 || last === 3);
      const fails = slices[0]?.[3] === undefined && slices[0]?.[1] !== 4;
      return { done: 1, failed: fails ? [{ i: 0, error: 'it threw', retries: 0 }] : [], ms: 2_000 };
    },
    // The second request is answered as if it had found nothing, though it did.
    takeFailures: async ({ id }) => {
      const from = id === 'third' ? 2 : parked.length;
      const count = id === 'first' ? 1 : id === 'second' ? 0 : 1;
      for (let i = parked.length; i < from + count; i++) parked.push([0, i + 1, '{}', `id ${i}`]);
      return { from, to: from + count, base: 0 };
    },
    recoveredSlices: async ({ position, end = 0 }) => ({ slices: parked.slice(position, end), next: null }),
  });
  await until(() => run.tally()?.failed === 3);
  expect(await run.replay({ id: 'first', filter: '*' })).toBe(1);
  expect(await run.replay({ id: 'second', filter: '*' })).toBe(0);
  expect(await run.replay({ id: 'third', filter: '*' })).toBe(1);
  last = 3;
  await ended;
  expect(closes[0]).toMatchObject({ status: 'completed', ledger: { issued: 4, completed: 4, failed: 0 } });
});

describe('a slice that goes on without its lease', () => {
  const running = { node: 'node', host: 'host' };

  it.each(['stopped', 'abandoned'])(
    'is waited for though its lease is the last of an execution that is %s',
    async (why) => {
      let collected = 0;
      let hostsEnd: () => void = () => undefined;
      const hostsEnded = new Promise<void>((resolve) => (hostsEnd = resolve));
      const { run, ended, closes } = await start(new PlayedSlicer(1, 20, '{}'), {
        settings: { ...SETTINGS, workers: 1, maxFailedSlices: 0 },
        processSlices: async ({ slices }) => {
          if (slices.length === 1) return { done: 1, failed: [], ms: 100 };
          // Its answer comes before the loop has heard of this.
          if (why === 'stopped') run.want('stopped');
          const failed = why === 'abandoned' ? [{ i: 0, error: 'it threw', retries: 0 }] : [];
          return { done: 1, failed, ms: 100, running };
        },
        collectSlice: async () => {
          collected++;
          await hostsEnded;
          return { outcome: 'completed' };
        },
        finishHosts: async () => {
          await until(() => collected > 0);
          hostsEnd();
          return { failed: [], lost: 0 };
        },
      });
      await ended;
      expect(collected).toBe(1);
      const { issued, completed, failed, pending, started } = (closes[0] as Close).ledger;
      expect({ started, failed }).toEqual({ started: 0, failed: why === 'abandoned' ? 1 : 0 });
      expect(issued).toBe(completed + failed + pending.length);
    },
  );

  it('is not waited for without end when its node is cut off from its master', async () => {
    let asked = false;
    const { run, ended, closes } = await start(new PlayedSlicer(1, 1, '{}'), {
      skipsTime: true,
      settings: { ...SETTINGS, tuning: TUNING },
      processSlices: async () => ({ done: 0, failed: [], ms: 1, running }),
      collectSlice: () => {
        asked = true;
        return new Promise(() => undefined);
      },
    });
    await until(() => asked);
    run.want('stopped');
    await ended;
    expect(closes[0]).toMatchObject({ status: 'stopped', ledger: { started: 1, completed: 0 } });
  });

  it('and is cut short by a stop is asked for once, however long the stop takes', async () => {
    let collected = 0;
    const { run, ended, closes } = await start(new PlayedSlicer(1, 1, '{}'), {
      processSlices: async () => ({ done: 0, failed: [], ms: 1, running }),
      collectSlice: async () => {
        collected++;
        run.want('stopped');
        return { outcome: 'ended' };
      },
      // The run does not end while it is asked to take up failures.
      takeFailures: async () => {
        await until(() => collected > 0);
        for (let i = 0; i < 10; i++) {
          run.setWorkers(2);
          await delay(2);
        }
        return { from: 0, to: 0, base: 0 };
      },
    });
    await until(() => run.tally() !== null);
    await run.replay({ id: 'one', filter: '*' });
    await ended;
    expect(collected).toBe(1);
    expect(closes[0]).toMatchObject({ status: 'stopped', ledger: { started: 1, completed: 0 } });
  });
});

describe('the numbers of a run', () => {
  /** The run that goes on from one that was claimed with these, and the slices of the leases of the first. */
  async function continued(tuning: Partial<Tuning>) {
    const sizes: number[] = [];
    const { ended, workflow } = await start(new PlayedSlicer(100, 20, '{}'), {
      settings: { ...SETTINGS, tuning },
      processSlices: async ({ slices }) => {
        await delay(1);
        sizes.push(slices.length);
        if (sizes.length > 20) workflow.historyLength = 700;
        return { done: slices.length, failed: [], ms: slices.length };
      },
    });
    const next = (await ended.catch((error: unknown) => error)) as ContinuedAsNew;
    return { sizes, input: next.input as ExecutionInput };
  }

  it('are those of its claim until it is continued, and then those of today', async () => {
    const { sizes, input } = await continued({ maxHistoryEvents: 600, maxLeaseSlices: 3 });
    expect(Math.max(...sizes)).toBe(3);
    expect(input.carried?.settings.tuning).toEqual(TUNING);
  });
});

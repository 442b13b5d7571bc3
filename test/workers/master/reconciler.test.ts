import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { pino } from 'pino';
import { TemporalEngine } from '../../../src/workers/master/engine.js';
import { Reconciler } from '../../../src/workers/master/reconciler.js';
import type { ExecutionDocument, ExecutionStatus, Store } from '../../../src/store/types.js';
import { makeCounters, makeExecution, makeJob } from '../../support/executions.js';
import { pgliteSource, type StoreSource } from '../../support/stores.js';
import { until } from '../../support/until.js';

const logger = pino({ level: 'silent' });

/** Plays Temporal: which workflows there are, and what was asked of it. */
class PlayedTemporal {
  readonly workflows = new Map<string, string>();
  readonly started: string[] = [];
  readonly described: string[] = [];
  /** What workflows answer when they are asked for their ledger. */
  readonly ledgers = new Map<string, object>();
  away = false;
  /** Workflows that it cannot describe. */
  readonly broken = new Set<string>();
  /** Workflows that it does not know when it is asked next, though it has them. */
  readonly slips = new Set<string>();

  readonly client = {
    withDeadline: async <T>(_deadline: number, call: () => Promise<T>): Promise<T> => call(),
    workflow: {
      start: async (_name: string, { workflowId }: { workflowId: string }) => {
        if (this.away) throw new Error('away');
        this.started.push(workflowId);
        this.workflows.set(workflowId, 'RUNNING');
      },
      getHandle: (id: string) => ({
        describe: async () => {
          this.described.push(id);
          if (this.away || this.broken.has(id)) throw new Error('away');
          const name = this.workflows.get(id);
          if (!name || this.slips.delete(id)) throw new WorkflowNotFoundError('not found', id, undefined);
          return { status: { name } };
        },
        query: async () => this.ledgers.get(id) ?? null,
        terminate: async () => void this.workflows.set(id, 'TERMINATED'),
      }),
    },
  } as unknown as Client;
}

let source: StoreSource;
let store: Store;
let temporal: PlayedTemporal;
let engine: TemporalEngine;
let reconciler: Reconciler;

beforeAll(async () => {
  source = await pgliteSource();
  store = await source.open();
}, 60_000);

afterAll(async () => {
  await store.close();
  await source.dispose();
});

beforeEach(() => {
  temporal = new PlayedTemporal();
  engine = new TemporalEngine(temporal.client, store, false, () => undefined, logger);
  reconciler = new Reconciler(store, engine, logger);
});

afterEach(async () => {
  engine.stop();
  await reconciler.stop();
  for (const { ex_id: exId } of await store.executions.active()) {
    await store.executions.close(exId, 2_000_000_001, 'stopped', {}, null);
  }
});

/** An execution in the store. */
async function insert(status: ExecutionStatus): Promise<ExecutionDocument> {
  const job = makeJob();
  await store.jobs.insert(job);
  const execution = makeExecution({ job_id: job.job_id });
  await store.executions.insert(execution);
  if (status !== 'pending') {
    await store.executions.claim(execution.ex_id, 1);
    await store.executions.setStatus(execution.ex_id, 2, status);
  }
  return execution;
}

const statusOf = async ({ ex_id }: ExecutionDocument) => (await store.executions.get(ex_id))?.doc._status;

it('starts the workflow of an execution that has none', async () => {
  const execution = await insert('pending');
  reconciler.start();
  await until(() => temporal.started.includes(execution.ex_id));
  expect(await statusOf(execution)).toBe('pending');
});

it('starts it as soon as Temporal is there again', async () => {
  temporal.away = true;
  const execution = await insert('pending');
  engine.submitted(execution.ex_id);
  reconciler.start();
  const running = await insert('running');
  await until(() => temporal.described.includes(running.ex_id));
  expect(await statusOf(running)).toBe('running');
  temporal.workflows.set(running.ex_id, 'RUNNING');
  temporal.away = false;
  await until(() => temporal.started.includes(execution.ex_id));
  expect(temporal.started).toEqual([execution.ex_id]);
});

it('ends active executions whose workflow is closed or unknown, with that reason', async () => {
  const cases = [
    { why: 'was terminated', workflow: 'TERMINATED' },
    { why: 'was failed', workflow: 'FAILED' },
    { why: 'is not known to Temporal', workflow: undefined },
  ];
  const executions = [];
  for (const { why, workflow } of cases) {
    const execution = await insert('running');
    await store.executions.writeCounters([{ ex_id: execution.ex_id, seq: 1, counters: makeCounters(12, 2) }]);
    if (workflow) temporal.workflows.set(execution.ex_id, workflow);
    executions.push({ execution, why });
  }
  reconciler.start();
  for (const { execution, why } of executions) {
    await until(async () => (await statusOf(execution)) === 'terminated');
    const row = await store.executions.get(execution.ex_id);
    expect(row?.doc._failureReason).toContain(why);
    expect(row?.doc).toMatchObject({ _has_errors: true, _slicer_stats: { processed: 12, failed: 2 } });
  }
});

it('keeps the ledger of a workflow that was ended from outside', async () => {
  const execution = await insert('running');
  temporal.workflows.set(execution.ex_id, 'TERMINATED');
  temporal.ledgers.set(execution.ex_id, { issued: 7 });
  reconciler.start();
  await until(async () => (await store.executions.get(execution.ex_id))?.report !== null);
  const row = await store.executions.get(execution.ex_id);
  expect(row).toMatchObject({ report: { issued: 7 }, closed: false, doc: { _status: 'terminated' } });
});

it('keeps the ledger of one that a master found terminated and could not keep', async () => {
  const execution = await insert('running');
  await store.executions.setStatus(execution.ex_id, 2_000_000_000, 'terminated');
  temporal.workflows.set(execution.ex_id, 'TERMINATED');
  temporal.ledgers.set(execution.ex_id, { issued: 8 });
  const closed = await insert('running');
  await store.executions.close(closed.ex_id, 3, 'terminated', {}, null);
  reconciler.start();
  await until(async () => (await store.executions.get(execution.ex_id))?.report !== null);
  expect(await store.executions.get(execution.ex_id)).toMatchObject({ report: { issued: 8 } });
  expect(temporal.described).not.toContain(closed.ex_id);
});

it('ends a workflow that goes on although its execution has ended', async () => {
  const execution = await insert('running');
  await store.executions.setStatus(execution.ex_id, 2_000_000_000, 'terminated');
  temporal.workflows.set(execution.ex_id, 'RUNNING');
  temporal.ledgers.set(execution.ex_id, { issued: 9 });
  reconciler.start();
  await until(async () => (await store.executions.get(execution.ex_id))?.report !== null);
  expect(temporal.workflows.get(execution.ex_id)).toBe('TERMINATED');
});

it('does not end an execution whose workflow Temporal did not know once', async () => {
  const execution = await insert('running');
  temporal.workflows.set(execution.ex_id, 'RUNNING');
  temporal.slips.add(execution.ex_id);
  reconciler.start();
  await until(() => temporal.described.filter((id) => id === execution.ex_id).length >= 2);
  expect(temporal.slips.size).toBe(0);
  expect(await statusOf(execution)).toBe('running');
});

it('leaves alone what runs, and what changed a moment ago', async () => {
  const running = await insert('paused');
  temporal.workflows.set(running.ex_id, 'RUNNING');
  reconciler.start();
  await until(() => temporal.described.includes(running.ex_id));
  const fresh = await insert('initializing');
  const before = temporal.described.length;
  await until(() => temporal.described.length > before);
  expect([await statusOf(running), await statusOf(fresh)]).toEqual(['paused', 'initializing']);
  expect(temporal.described).not.toContain(fresh.ex_id);
});

it('goes on with the others when Temporal cannot tell of one', async () => {
  const broken = [];
  for (let i = 0; i < 3; i++) broken.push(await insert('running'));
  for (const { ex_id } of broken) temporal.broken.add(ex_id);
  const execution = await insert('running');
  reconciler.start();
  await until(async () => (await statusOf(execution)) === 'terminated');
  for (const one of broken) expect(await statusOf(one)).toBe('running');
});

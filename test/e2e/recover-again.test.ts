import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { Store } from '../../src/store/types.js';
import { TemporalEngine } from '../../src/workers/master/engine.js';
import { withClient } from '../support/histories.js';
import { exported, TestStack } from '../support/stack.js';
import { until } from '../support/until.js';

const CONTINUE_AS_NEW =
  proto.temporal.api.enums.v1.CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION;
const ANSWERED = proto.temporal.api.enums.v1.QueryResultType.QUERY_RESULT_TYPE_ANSWERED;

let stack: TestStack;
beforeAll(async () => {
  // Longer than a lease is out: only then is a slice that a stop ends known to have been begun.
  stack = await TestStack.start('--shutdown-timeout', '9000');
});
afterAll(() => stack.stop());

const recover = async (exId: string, query = ''): Promise<string> => {
  const { status, body } = await stack.request('POST', `/v1/ex/${exId}/_recover${query}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body.ex_id as string;
};

const terminate = (exId: string): Promise<unknown> =>
  withClient(stack.temporal, ({ workflow }) => workflow.getHandle(exId).terminate('as a person would'));

/** Makes Temporal forget a workflow, as it does when its retention is over. */
const forget = (exId: string): Promise<void> =>
  withClient(stack.temporal, async ({ workflow, workflowService }) => {
    const workflowExecution = { workflowId: exId };
    await workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
    await until(async () => {
      const error: unknown = await workflow
        .getHandle(exId)
        .describe()
        .then(
          () => undefined,
          (e: unknown) => e,
        );
      return error instanceof WorkflowNotFoundError;
      // A queue of the server's own does it, which tries again at growing intervals.
    }, 90_000);
  });

it('replays what failed, what was not begun, and all that is left, each once', async () => {
  const folder = stack.folder('types');
  const journal = join(stack.folder('journal'), 'lines');
  const flag = join(stack.folder('flags'), 'flag');
  writeFileSync(flag, '');
  writeFileSync(journal, '');
  // Slices 0 and 1 are completed, 2 and 3 fail, 4 is at hand when it is stopped, 5 to 7 are not begun.
  const { ex_id } = await stack.submit({
    workers: 1,
    max_retries: 0,
    operations: [
      { _op: 'counter', slices: 8, records: 100 },
      // So slow that each slice is a lease of its own.
      { _op: 'slow', ms: 900, long_n: [4], long: 300_000, flag, journal },
      { _op: 'trouble', kind: 'throw', values: [2, 3], flag },
      { _op: 'file_exporter', path: folder },
    ],
  });
  await until(() => readFileSync(journal, 'utf8').includes('"n":4,'), 60_000);
  await stack.verb((await stack.execution(ex_id)).job_id, '_stop');
  expect(exported(folder)).toHaveLength(200);
  rmSync(flag);

  const errors = await stack.errors(ex_id);
  expect(errors).toHaveLength(2);
  const filter = `filter=slice_id:${errors[0]!.slice_id}`;
  const replayed = await stack.request('POST', `/v1/ex/${ex_id}/errors/_replay?${filter}`);
  expect(replayed).toMatchObject({ status: 200, body: { replayed: 1 } });
  await stack.ended(replayed.body.ex_id as string);
  expect(exported(folder)).toHaveLength(300);

  for (const [type, processed, total] of [
    ['errors', 1, 400],
    ['pending', 3, 700],
    ['all', 1, 800],
    ['all', 0, 800],
  ] as const) {
    const again = await recover(ex_id, `?cleanup_type=${type}`);
    if (processed > 0) expect((await stack.reached(again, 'recovering'))._status).toBe('recovering');
    expect(await stack.ended(again)).toMatchObject({
      _status: 'completed',
      recovered_execution: ex_id,
      recovered_slice_type: type,
      _slicer_stats: { processed },
    });
    expect(exported(folder)).toHaveLength(total);
    if (type === 'errors') {
      const marks = (await stack.errors(ex_id)).map(({ slice_id, recovered_by }) => [slice_id, recovered_by]);
      const expected = errors.map(({ slice_id }, i) => [slice_id, i === 0 ? replayed.body.ex_id : again]);
      expect(new Map(marks as Array<[string, string]>)).toEqual(new Map(expected as Array<[string, string]>));
    }
  }
});

it('goes on, exactly, with what was terminated, forgotten by Temporal, recovered, and terminated again', async () => {
  const SLICES = 150;
  const folder = stack.folder('terminated');
  const job = (path: string) => ({
    workers: 1,
    slicers: 2,
    operations: [
      { _op: 'counter', slices: SLICES, pause: 20 },
      { _op: 'slow', ms: 20 },
      { _op: 'file_exporter', path },
    ],
  });
  const first = await stack.submit(job(folder));
  const other = await stack.submit(job(stack.folder('other')));
  await stack.processed(first.ex_id, 20);
  await Promise.all([terminate(first.ex_id), terminate(other.ex_id)]);
  expect((await stack.reached(other.ex_id, 'terminated'))._failureReason).toContain('was terminated');
  await stack.verb(other.job_id, '_start');
  await stack.verb(other.job_id, '_stop');

  const kept = async (exId: string): Promise<void> => {
    await stack.reached(exId, 'terminated');
    await until(async () => {
      const { body } = await stack.request('GET', `/v1/ex/${exId}/ledger`);
      return body.source === 'report';
    });
    await forget(exId);
  };
  await kept(first.ex_id);
  const second = await recover(first.ex_id);
  await stack.processed(second, 60);
  await terminate(second);
  await kept(second);
  // The first one again, which is not the latest: what the second one did is done.
  const last = await stack.ended(await recover(first.ex_id));
  expect(last).toMatchObject({ _status: 'completed', recovered_execution: first.ex_id });
  const found = exported<{ slicer: number; n: number }>(folder).map(({ slicer, n }) => slicer * SLICES + n);
  expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: 2 * SLICES }, (_, n) => n));
});

it('knows what a workflow owes that was terminated before it did anything', async () => {
  await withClient(stack.temporal, async (client) => {
    const { workflow, workflowService } = client;
    const engine = new TemporalEngine(client, {} as Store, false, () => undefined, pino({ level: 'silent' }));
    const [exId, name] = [randomUUID(), `queue-${randomUUID()}`];
    const poll = () =>
      client.withDeadline(Date.now() + 20_000, () =>
        workflowService.pollWorkflowTaskQueue({
          namespace: 'default',
          taskQueue: { name },
          identity: 'a test',
        }),
      );
    const handle = await workflow.start('execution', { workflowId: exId, taskQueue: name });
    const first = handle.firstExecutionRunId;
    const task = await poll();
    await workflowService.respondWorkflowTaskCompleted({
      namespace: 'default',
      taskToken: task.taskToken,
      commands: [
        {
          commandType: CONTINUE_AS_NEW,
          continueAsNewWorkflowExecutionCommandAttributes: {
            workflowType: { name: 'execution' },
            taskQueue: { name },
          },
        },
      ],
    });
    await workflow.getHandle(exId).terminate('before it did anything');

    const ledger = engine.ledger(exId);
    const query = await poll();
    expect(query.workflowExecution?.runId).toBe(first);
    await workflowService.respondQueryTaskCompleted({
      namespace: 'default',
      taskToken: query.taskToken,
      completedType: ANSWERED,
      queryResult: { payloads: [defaultPayloadConverter.toPayload({ issued: 7 })] },
    });
    expect(await ledger).toEqual({ issued: 7 });

    const never = randomUUID();
    await workflow.start('execution', { workflowId: never, taskQueue: name });
    await workflow.getHandle(never).terminate('before it did anything');
    expect(await engine.ledger(never)).toBeUndefined();
  });
});

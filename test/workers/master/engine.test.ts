import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError, type Client, type WorkflowStartOptions } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  RetryState,
  type TypedSearchAttributes,
} from '@temporalio/common';
import { pino } from 'pino';
import type { Store } from '../../../src/store/types.js';
import { TemporalEngine } from '../../../src/workers/master/engine.js';
import { REPLAY_REFUSED, type ExecutionInput } from '../../../src/workflows/types.js';
import { makeExecution } from '../../support/executions.js';

const withDeadline = async <T>(_deadline: number, call: () => Promise<T>): Promise<T> => call();

it('tells Temporal as much of a name as it takes', async () => {
  const exId = randomUUID();
  const doc = makeExecution({ ex_id: exId, name: `half of \ud83d ${'long '.repeat(600_000)}` });
  const store = { executions: { get: async () => ({ doc }) } } as unknown as Store;
  const started = new Promise<WorkflowStartOptions>((resolve) => {
    const start = async (_type: string, options: WorkflowStartOptions) => resolve(options);
    const client = { workflow: { start }, withDeadline } as unknown as Client;
    const engine = new TemporalEngine(client, store, true, () => undefined, pino({ level: 'silent' }));
    engine.submitted(exId);
  });
  const options = await started;
  const [input] = options.args as [ExecutionInput];
  expect(input.name).toMatch(/^half of \ufffd long .*…$/);
  expect(input.name).toHaveLength(200);
  expect(options.staticSummary).toBe(input.name);
  const attributes = options.typedSearchAttributes as TypedSearchAttributes;
  expect(attributes.getAll().map(({ value }) => value)).toContain(input.name);
});

/** An engine whose Temporal answers each update with this error. */
function engineOf(error: Error): TemporalEngine {
  const executeUpdate = async () => Promise.reject(error);
  const client = { workflow: { getHandle: () => ({ executeUpdate }) }, withDeadline } as unknown as Client;
  return new TemporalEngine(client, {} as Store, false, () => undefined, pino({ level: 'silent' }));
}

const failed = (cause: Error): Error => new WorkflowUpdateFailedError('failed', cause);
const inActivity = (cause: Error): Error =>
  new ActivityFailure('failed', 'takeFailures', '1', RetryState.NON_RETRYABLE_FAILURE, 'master', cause);
const request = { id: 'id', filter: '*' };

it.each([
  ['the workflow', failed(ApplicationFailure.nonRetryable('no', REPLAY_REFUSED))],
  ['the store', failed(inActivity(ApplicationFailure.nonRetryable('no', 'EX_NOT_ACTIVE')))],
])('says that an execution is not active if %s refuses a replay', async (_who, error) => {
  await expect(engineOf(error).replay('ex', request)).rejects.toMatchObject({ code: 'EX_NOT_ACTIVE' });
});

it('says that Temporal cannot be reached if it fails otherwise', async () => {
  await expect(engineOf(new Error('away')).replay('ex', request)).rejects.toMatchObject({
    code: 'TEMPORAL_UNAVAILABLE',
  });
});

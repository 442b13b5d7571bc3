import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, RetryState } from '@temporalio/common';
import { pino } from 'pino';
import type { Store } from '../../../src/store/types.js';
import { TemporalEngine } from '../../../src/workers/master/engine.js';
import { REPLAY_REFUSED } from '../../../src/workflows/types.js';

/** An engine whose Temporal answers each update with this error. */
function engineOf(error: Error): TemporalEngine {
  const executeUpdate = async () => Promise.reject(error);
  const client = { workflow: { getHandle: () => ({ executeUpdate }) } } as unknown as Client;
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

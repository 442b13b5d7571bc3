import { randomUUID } from 'node:crypto';
import type { Client, WorkflowStartOptions } from '@temporalio/client';
import type { TypedSearchAttributes } from '@temporalio/common';
import { pino } from 'pino';
import { TemporalEngine } from '../../../src/workers/master/engine.js';
import type { Store } from '../../../src/store/types.js';
import type { ExecutionInput } from '../../../src/workflows/types.js';
import { makeExecution } from '../../support/executions.js';

it('tells Temporal as much of a name as it takes', async () => {
  const exId = randomUUID();
  const doc = makeExecution({ ex_id: exId, name: `half of \ud83d ${'long '.repeat(600_000)}` });
  const store = { executions: { get: async () => ({ doc }) } } as unknown as Store;
  const started = new Promise<WorkflowStartOptions>((resolve) => {
    const start = async (_type: string, options: WorkflowStartOptions) => resolve(options);
    const client = { workflow: { start } } as unknown as Client;
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

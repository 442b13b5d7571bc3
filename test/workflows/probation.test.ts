import { jest } from '@jest/globals';
import { until } from '../support/until.js';
import { PlayedWorkflow } from './support/played-workflow.js';

it('is over after a window with work done and no failure, and begins anew with the next failure', async () => {
  jest.resetModules();
  const workflow = new PlayedWorkflow({});
  const { Probation } = await import('../../src/workflows/probation.js');
  const ledger = { failed: 1, processed: 1 };
  let passed = 0;
  const probation = new Probation(1_000, ledger, () => passed++);
  probation.begin();
  probation.begin();
  await until(() => workflow.pauses.length > 2);
  // No work was done.
  expect([passed, probation.state !== null]).toEqual([0, true]);
  ledger.processed = 5;
  await until(() => passed === 1);
  expect(probation.state).toBeNull();
  probation.begin();
  expect(probation.state).toMatchObject({ failed: 1, processed: 5 });
  ledger.processed = 6;
  await until(() => passed === 2);
});

it('goes on with a window that was carried, and is none without', async () => {
  jest.resetModules();
  const workflow = new PlayedWorkflow({});
  const { Probation } = await import('../../src/workflows/probation.js');
  let passed = 0;
  const ledger = { failed: 1, processed: 2 };
  const carried = { failed: 1, processed: 1, at: Date.now() };
  const count = (): void => void passed++;
  new Probation(60_000, ledger, count).watch();
  expect(workflow.pauses).toEqual([]);
  new Probation(60_000, ledger, count, carried).watch();
  await until(() => passed === 1);
  expect(workflow.pauses[0]).toBeGreaterThan(1_000);
});

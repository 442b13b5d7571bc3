import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { HOST_EXEC_ARGV } from '../../../src/lean-process.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Makes objects that are alive together for a while, as the records of a slice are, and tells what the young
 * generation can hold after it, in MB, how much was ever left in it between two rounds, and how often the old one was
 * collected.
 */
const CHURN = `
  import { PerformanceObserver, constants } from 'node:perf_hooks';
  import { once } from 'node:events';
  import { setImmediate as macrotask } from 'node:timers/promises';
  import { Worker } from 'node:worker_threads';
  import { getHeapSpaceStatistics } from 'node:v8';
  import { collectAfterSlice, growHeapFor, holdHeap } from '${path('../../../src/workers/host/heap-growth.ts')}';
  let collected = 0;
  new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collected++;
  }).observe({ entryTypes: ['gc'] });
  const slice = async () => {
    const alive = [];
    for (let i = 0; i < 50_000; i++) alive.push({ i, text: 'x' + i });
    await macrotask();
  };
  const youngGeneration = () => {
    const { space_used_size, space_available_size } = getHeapSpaceStatistics().find(
      ({ space_name }) => space_name === 'new_space',
    );
    return { used: space_used_size / 2 ** 20, size: (space_used_size + space_available_size) / 2 ** 20 };
  };
  const churn = async (afterSlice) => {
    collected = 0;
    let left = 0;
    for (let round = 0; round < 200; round++) {
      await slice();
      afterSlice?.();
      left = Math.max(left, youngGeneration().used);
    }
    return { young: Math.round(youngGeneration().size), left, collected };
  };
  holdHeap();
  const seen = [await churn()];
  // Nothing is left to collect meanwhile: collected before it is held again, it would grow.
  gc();
  await once(new Worker('', { eval: true }), 'exit');
  holdHeap();
  for (const records of [999, 1_000]) {
    growHeapFor(records);
    seen.push(await churn());
  }
  seen.push(await churn(collectAfterSlice));
  console.log(JSON.stringify(seen));
`;

interface Seen {
  young: number;
  left: number;
  collected: number;
}

it('is held small, also when a thread was started, until a slice has many records; then collected between slices', async () => {
  const loader = ['--import', path('../../support/typescript.mjs')];
  const args = [
    '--max-old-space-size=1024',
    ...HOST_EXEC_ARGV,
    '--expose-gc',
    ...loader,
    '--input-type=module',
    '--eval',
    CHURN,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [held, stillHeld, grown, between] = JSON.parse(stdout) as [Seen, Seen, Seen, Seen];
  expect([held.young, stillHeld.young]).toEqual([8, 8]);
  expect(grown.young).toBeGreaterThan(8);
  expect(grown.collected).toBeLessThan(stillHeld.collected / 2);
  expect(grown.left).toBeGreaterThan(16);
  expect(between.left).toBeLessThan(8);
  expect(between.collected).toBeLessThanOrEqual(grown.collected);
});

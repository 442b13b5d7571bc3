import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../bench.js';
import { job, waiting as wait } from '../load/jobs.js';
import { canInspect, cpuBetween, shares } from '../load/processes.js';
import { workersThere } from '../load/rate.js';

const EXECUTIONS = 200;
const SLOTS = 20;
const SLICE_MS = 50;
/** Requests under way at a time. */
const CONCURRENCY = 4;

/** Far more executions than there is room for, behind one that takes all of it: they are served when it makes room. */
export const many: Scenario = {
  name: 'many',
  description: `${EXECUTIONS} executions active behind a huge one, then ${SLOTS} of them with hosts; two workers wanted by each`,
  onlyOnDemand: true,
  async run(bench) {
    const stack = await bench.stack('--slots', String(SLOTS));
    const { client } = stack;
    const huge = await client.submit(job(bench.options, SLOTS, [wait(bench.options, SLICE_MS)]));
    await workersThere(client, huge, SLOTS);
    const began = performance.now();
    const all: string[] = [];
    await concurrently(EXECUTIONS, async () => {
      all.push(await client.submit(job(bench.options, 2, [wait(bench.options, SLICE_MS)])));
    });
    const submitted = (performance.now() - began) / 1_000;
    await client.verb(huge, '_stop');
    const free = performance.now();
    // The first worker of each comes before the second of any: with one each, they share the slots.
    let serving = 0;
    while (serving < SLOTS) {
      await delay(200);
      const running = await client.request<Array<{ ex_id: string; processed: number }>>(
        'GET',
        '/cluster/controllers',
      );
      serving = running.filter(({ ex_id, processed }) => ex_id !== huge && processed > 0).length;
    }
    const served = (performance.now() - free) / 1_000;
    const limits: string[] = [];
    const memory: number[] = [];
    const before = canInspect ? await stack.usage() : [];
    await delay(bench.options.seconds * 1_000);
    if (canInspect) {
      const after = await stack.usage();
      const cpu = cpuBetween(before, after);
      const seconds = [...cpu.values()].reduce((sum, value) => sum + value, 0);
      const hosts = after.filter(({ kind }) => kind === 'worker' || kind === 'slicer').length;
      limits.push(
        `${hosts} hosts; ${(seconds / bench.options.seconds).toFixed(2)} processors: ${shares(cpu)}`,
      );
      memory.push(after.find(({ kind }) => kind === 'master')?.rss ?? 0);
    }
    const stopping = performance.now();
    await concurrently(EXECUTIONS, async (i) => void (await client.verb(all[i] as string, '_stop')));
    const stopped = (performance.now() - stopping) / 1_000;
    const row = (name: string, unit: string, values: number[], notes: string[] = []) => ({
      scenario: 'many',
      name: `${EXECUTIONS} executions: ${name}`,
      unit,
      values,
      limits: notes,
    });
    return [
      row('all submitted', 's', [submitted]),
      row(`room for ${SLOTS} → ${SLOTS} of them at work`, 's', [served], limits),
      row('all stopped', 's', [stopped]),
      ...(memory.length > 0 ? [row('memory of the master', 'MB', memory)] : []),
    ];
  },
};

async function concurrently(count: number, action: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await action(next++);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
}

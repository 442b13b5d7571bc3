import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../bench.js';
import { job, waiting as wait } from '../load/jobs.js';
import { Marks } from '../load/marks.js';
import { canInspect, cpuBetween, shares, type ProcessUsage } from '../load/processes.js';
import { settled } from '../load/rate.js';

const WORKERS = 64;
const SLICE_MS = 50;
const IDEAL = (WORKERS * 1_000) / SLICE_MS;
/** The history of so many workers is full every 25 s or so, which costs them half a second: it is to be part of what is measured. */
const LEAST_SECONDS = 30;

/** Many workers on one node, all waiting for something else. Counted by marks: statistics come with the ends of leases of 6 s. */
export const wide: Scenario = {
  name: 'wide',
  description: `${WORKERS} workers on one node with slices of ${SLICE_MS} ms waiting`,
  async run(bench) {
    const stack = await bench.stack('--slots', String(WORKERS));
    const seconds = Math.max(bench.options.seconds, LEAST_SECONDS);
    const values: number[] = [];
    const limits: string[] = [];
    await bench.repeat(`${WORKERS} workers, ${SLICE_MS} ms waiting`, async () => {
      const marks = new Marks(stack.path('marks'));
      const operations = [wait(bench.options, SLICE_MS), marks.operation];
      const exId = await stack.client.submit(job(bench.options, WORKERS, operations));
      await settled(stack.client, exId, WORKERS);
      const before: ProcessUsage[] = canInspect ? await stack.usage() : [];
      const [start, count] = [performance.now(), marks.count];
      await delay(seconds * 1_000);
      const rate = ((marks.count - count) / (performance.now() - start)) * 1_000;
      if (canInspect) limits.push(`processor time: ${shares(cpuBetween(before, await stack.usage()))}`);
      await stack.client.verb(exId, '_stop');
      values.push((100 * rate) / IDEAL);
      return `${Math.round(rate)}/s of ${IDEAL}/s; ${limits.at(-1) ?? ''}`;
    });
    return [
      {
        scenario: 'wide',
        name: `${WORKERS} workers on a node, ${SLICE_MS} ms waiting`,
        unit: '% of ideal',
        values,
        target: { value: 95, of: 'value', better: 'higher' },
        limits,
      },
    ];
  },
};

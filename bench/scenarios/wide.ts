import type { Scenario } from '../bench.js';
import { job, waiting as wait } from '../load/jobs.js';
import { canInspect, cpuBetween, shares, type ProcessUsage } from '../load/processes.js';
import { rateOf } from '../load/rate.js';

const WORKERS = 64;
const SLICE_MS = 50;
const IDEAL = (WORKERS * 1_000) / SLICE_MS;
/** Leases of so many workers take 4 s, and numbers come with their ends. */
const LEAST_SECONDS = 16;

/** Many workers on one node, all waiting for something else. */
export const wide: Scenario = {
  name: 'wide',
  description: `${WORKERS} workers on one node with slices of ${SLICE_MS} ms waiting`,
  async run(bench) {
    const stack = await bench.stack('--slots', String(WORKERS));
    const seconds = Math.max(bench.options.seconds, LEAST_SECONDS);
    const values: number[] = [];
    const limits: string[] = [];
    await bench.repeat(`${WORKERS} workers, ${SLICE_MS} ms waiting`, async () => {
      const exId = await stack.client.submit(job(bench.options, WORKERS, [wait(bench.options, SLICE_MS)]));
      let before: ProcessUsage[] = [];
      const rate = await rateOf(stack.client, exId, WORKERS, seconds, async () => {
        if (canInspect) before = await stack.usage();
      });
      if (canInspect) {
        const cpu = cpuBetween(before, await stack.usage());
        limits.push(`processor time: ${shares(cpu)}`);
      }
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

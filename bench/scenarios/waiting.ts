import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../bench.js';
import { job, waiting as wait } from '../load/jobs.js';

const SLICES = 4_000;
const SLICE_MS = 50;
const WORKERS = 8;
const IDEAL_MS = (SLICES * SLICE_MS) / WORKERS;
/** Before each job, for what is done in the background after a start, or another job: hosts are made ready. */
const PAUSE_MS = 6_000;

/** A job whose slices wait for something else, from its submission to its end. */
export const waiting: Scenario = {
  name: 'waiting',
  description: `${SLICES} slices of ${SLICE_MS} ms waiting, ${WORKERS} workers: from submit to completed`,
  remote: true,
  async run(bench) {
    const client = await bench.client();
    const values: number[] = [];
    const run = async (slices: number): Promise<void> => {
      const exId = await client.submit(job(bench.options, WORKERS, [wait(bench.options, SLICE_MS)], slices));
      await client.completed(exId, slices);
    };
    await run(WORKERS);
    await bench.repeat(`${SLICES} × ${SLICE_MS} ms, ${WORKERS} workers`, async () => {
      await delay(PAUSE_MS);
      const began = performance.now();
      await run(SLICES);
      const ms = performance.now() - began;
      values.push((100 * ms) / IDEAL_MS);
      return `${(ms / 1_000).toFixed(2)} s`;
    });
    return [
      {
        scenario: 'waiting',
        name: `${SLICES} × ${SLICE_MS} ms waiting, ${WORKERS} workers (ideal ${IDEAL_MS / 1_000} s)`,
        unit: '% of ideal',
        values,
        target: { value: 105, of: 'value', better: 'lower' },
        teraslice: '37–45 s',
        limits: [],
      },
    ];
  },
};

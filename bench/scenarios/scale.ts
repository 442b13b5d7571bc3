import type { Scenario } from '../bench.js';
import { job, waiting as wait } from '../load/jobs.js';
import { rateOf } from '../load/rate.js';

const STEPS = [1, 2, 4, 8];
const SLICE_MS = 50;
/** Slices are counted when their lease returns, every two seconds: of less a lease is a large part. */
const LEAST_SECONDS = 10;

/** Workers that are added to a running execution. */
export const scale: Scenario = {
  name: 'scale',
  description: `workers added at run time, ${STEPS.join(' → ')}, slices of ${SLICE_MS} ms waiting`,
  remote: true,
  async run(bench) {
    const client = await bench.client();
    const seconds = Math.max(bench.options.seconds, LEAST_SECONDS);
    const values = STEPS.map(() => [] as number[]);
    await bench.repeat(`workers ${STEPS.join(' → ')}`, async () => {
      const exId = await client.submit(job(bench.options, 1, [wait(bench.options, SLICE_MS)]));
      const rates: number[] = [];
      for (const [i, workers] of STEPS.entries()) {
        if (i > 0) await client.verb(exId, `_workers?total=${workers}`);
        const rate = await rateOf(client, exId, workers, seconds);
        rates.push(rate);
        values[i]?.push((100 * rate * SLICE_MS) / 1_000 / workers);
      }
      await client.verb(exId, '_stop');
      return rates.map((rate) => `${rate.toFixed(1)}/s`).join(' → ');
    });
    return STEPS.map((workers, i) => ({
      scenario: 'scale',
      name: `workers added at run time, ${workers} × ${SLICE_MS} ms`,
      unit: '% of ideal',
      values: values[i] ?? [],
      target: { value: 95, of: 'value', better: 'higher' },
      limits: [],
    }));
  },
};

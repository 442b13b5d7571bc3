import type { Scenario } from '../bench.js';

/** From nothing to a system that takes jobs, Temporal and store included. */
export const start: Scenario = {
  name: 'start',
  description:
    'start of the whole system until its API answers with the node in the cluster, new data directory',
  async run(bench) {
    const values: number[] = [];
    await bench.repeat('start of the whole system', async () => {
      await bench.close();
      const stack = await bench.stack();
      values.push(stack.readyMs / 1_000);
      return `${values.at(-1)?.toFixed(2)} s`;
    });
    return [
      {
        scenario: 'start',
        name: 'start of the whole system',
        unit: 's',
        values,
        target: { value: 4, of: 'value', better: 'lower' },
        teraslice: '5.6–10.4, no OpenSearch',
        limits: [],
      },
    ];
  },
};

import type { ExecutionDocument } from '../../src/store/types.js';
import type { Scenario } from '../bench.js';
import { work } from '../asset/bench_cpu/work.mjs';
import { bareLoop } from '../load/bare-loop.js';
import { job } from '../load/jobs.js';
import { canInspect, cpuBetween, shares, type ProcessUsage } from '../load/processes.js';
import { rateOf } from '../load/rate.js';

const WORKERS = 2;
const SLICE_MS = 10;

/** Slices that keep a processor busy: what is left for them beside the rest of the system. */
export const cpu: Scenario = {
  name: 'cpu',
  description: `slices/s of ${SLICE_MS} ms of arithmetic with ${WORKERS} workers, beside the bare loop`,
  async run(bench) {
    const stack = await bench.stack();
    const rounds = roundsIn(SLICE_MS);
    const values: number[] = [];
    const bare: number[] = [];
    const limits: string[] = [];
    await bench.repeat(`${SLICE_MS} ms of CPU, ${WORKERS} workers`, async () => {
      const exId = await stack.client.submit(job(bench.options, WORKERS, [{ _op: 'bench_cpu', rounds }]));
      const execution = await stack.client.request<ExecutionDocument>('GET', `/ex/${exId}`);
      let before: ProcessUsage[] = [];
      const rate = await rateOf(stack.client, exId, WORKERS, bench.options.seconds, async () => {
        if (canInspect) before = await stack.usage();
      });
      values.push(rate);
      if (canInspect) limits.push(`processor time: ${shares(cpuBetween(before, await stack.usage()))}`);
      await stack.client.verb(exId, '_stop');
      bare.push(await bareLoop(stack, execution, WORKERS, bench.options.seconds));
      return `${rate.toFixed(1)}/s, bare loop ${bare.at(-1)?.toFixed(1)}/s; ${limits.at(-1)}`;
    });
    return [
      {
        scenario: 'cpu',
        name: `slices of ${SLICE_MS} ms CPU, ${WORKERS} workers`,
        unit: 'slices/s',
        values,
        reference: { name: 'bare loop', values: bare },
        target: { value: 0.9, of: 'ratio', better: 'higher' },
        limits,
      },
    ];
  },
};

/** Rounds of arithmetic that take so many ms of processor time here. */
function roundsIn(ms: number): number {
  const sample = 20_000_000;
  work(sample);
  const before = process.cpuUsage();
  work(sample);
  const { user, system } = process.cpuUsage(before);
  return Math.max(1, Math.round((sample * ms * 1_000) / (user + system)));
}

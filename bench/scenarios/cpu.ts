import type { Scenario } from '../bench.js';
import { work } from '../asset/bench_cpu/work.mjs';
import { job } from '../load/jobs.js';
import { describeMicros, sideBySide } from '../load/measure.js';

const WORKERS = 2;
const SLICE_MS = 10;
/** Slices are counted when their lease returns, every two seconds for each worker: of a short time that is a tenth more or less. */
const LEAST_SECONDS = 15;

/** Slices that keep a processor busy: what is left for them beside the rest of the system. */
export const cpu: Scenario = {
  name: 'cpu',
  description: `slices/s of ${SLICE_MS} ms of arithmetic with ${WORKERS} workers, beside the bare loop`,
  async run(bench) {
    const rounds = roundsIn(SLICE_MS);
    const seconds = Math.max(bench.options.seconds, LEAST_SECONDS);
    const request = job(bench.options, WORKERS, [{ _op: 'bench_cpu', rounds }]);
    const values: number[] = [];
    const bare: number[] = [];
    const limits: string[] = [];
    await bench.repeat(`${SLICE_MS} ms of CPU, ${WORKERS} workers`, async () => {
      const pair = await sideBySide(bench, request, WORKERS, seconds);
      values.push(pair.server.rate);
      bare.push(pair.bare.rate);
      limits.push(`processor time a slice: ${describeMicros(pair.micros)}`);
      return `${pair.server.rate.toFixed(1)}/s, bare loop ${pair.bare.rate.toFixed(1)}/s; ${limits.at(-1)}`;
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

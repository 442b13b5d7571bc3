import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Scenario } from '../bench.js';
import type { Client, Job } from '../load/client.js';
import { job, NOOP } from '../load/jobs.js';
import { Marks } from '../load/marks.js';
import type { Stack } from '../load/stack.js';
import type { Row } from '../report/row.js';

const SLICES = 20;
/** Between two jobs, for what is done in the background after one. */
const PAUSE_MS = 3_000;
const TERASLICE: Record<number, string> = { 1: '6.7–8.7 s', 8: '15–24 s' };

/** From the request that submits a job to the end of its first slice. */
export const latency: Scenario = {
  name: 'latency',
  description: 'submit → first slice done, warm and on a stack that has just been started, 1 and 8 workers',
  remote: true,
  async run(bench) {
    const rows: Row[] = [];
    for (const workers of [1, 8]) rows.push(await warm(bench, workers));
    if (bench.options.url === undefined) for (const workers of [1, 8]) rows.push(await cold(bench, workers));
    return rows;
  },
};

async function warm(bench: Bench, workers: number): Promise<Row> {
  const client = await bench.client();
  const stack = bench.options.url === undefined ? await bench.stack() : undefined;
  await firstSlice(bench, client, stack, workers);
  const values: number[] = [];
  await bench.repeat(`submit → first slice, warm, ${workers} workers`, async () => {
    await delay(PAUSE_MS);
    values.push(await firstSlice(bench, client, stack, workers));
    return `${values.at(-1)?.toFixed(2)} s`;
  });
  const teraslice = TERASLICE[workers];
  return {
    scenario: 'latency',
    name: `submit → first slice, warm, ${workers} workers`,
    unit: 's',
    values,
    target: { value: 1, of: 'value', better: 'lower' },
    ...(teraslice === undefined ? {} : { teraslice }),
    limits: [],
  };
}

async function cold(bench: Bench, workers: number): Promise<Row> {
  const values: number[] = [];
  await bench.repeat(`submit → first slice, cold, ${workers} workers`, async () => {
    await bench.close();
    const stack = await bench.stack();
    values.push(await firstSlice(bench, stack.client, stack, workers));
    return `${values.at(-1)?.toFixed(2)} s`;
  });
  return {
    scenario: 'latency',
    name: `submit → first slice, cold, ${workers} workers`,
    unit: 's',
    values,
    target: { value: 4, of: 'value', better: 'lower' },
    limits: [],
  };
}

/** Seconds from the request to the first slice; the job has ended when it resolves. */
async function firstSlice(
  bench: Bench,
  client: Client,
  stack: Stack | undefined,
  workers: number,
): Promise<number> {
  const marks = stack && new Marks(stack.path('marks'));
  const request: Job = job(bench.options, workers, [marks?.operation ?? NOOP], SLICES);
  const began = performance.now();
  const exId = await client.submit(request);
  if (marks) await marks.above(0);
  else await client.processed(exId, 1, 5);
  const seconds = (performance.now() - began) / 1_000;
  await client.completed(exId, SLICES);
  return seconds;
}

import type { ExecutionDocument } from '../../src/store/types.js';
import type { Bench } from '../bench.js';
import { bareLoop, type Measured } from './bare-loop.js';
import type { Client, Job } from './client.js';
import { historySize, type HistorySize } from './history.js';
import { canInspect, cpuBetween, type Kind, type ProcessUsage } from './processes.js';
import { rateOf } from './rate.js';

/** One endless job, measured while it runs, and the bare loop of the same job right after it. */
export interface SideBySide {
  server: Measured;
  bare: Measured;
  history: HistorySize;
  processed: number;
  /** Processor time a slice in µs, by kind of process; empty where it cannot be read. */
  micros: Map<Kind, number>;
}

/**
 * @param processes processes of the bare loop
 * @param seconds for which each of the two is measured
 */
export async function sideBySide(
  bench: Bench,
  job: Job,
  processes: number,
  seconds = bench.options.seconds,
): Promise<SideBySide> {
  const stack = await bench.stack();
  const { client } = stack;
  const exId = await client.submit(job);
  const execution = await client.request<ExecutionDocument>('GET', `/ex/${exId}`);
  let before: ProcessUsage[] = [];
  let began = 0;
  const rate = await rateOf(client, exId, Number(job.workers), seconds, async () => {
    if (canInspect) before = await stack.usage();
    began = performance.now();
  });
  const slices = (rate * (performance.now() - began)) / 1_000;
  const cpu = canInspect ? cpuBetween(before, await stack.usage()) : new Map<Kind, number>();
  const micros = new Map([...cpu].map(([kind, used]) => [kind, (1_000_000 * used) / slices]));
  await client.verb(exId, '_stop');
  return {
    server: { rate, cpuMicros: [...micros.values()].reduce((sum, value) => sum + value, 0) },
    bare: await bareLoop(stack, execution, processes, seconds),
    history: await historySize(stack.temporal, exId),
    processed: (await client.execution(exId))._slicer_stats?.processed ?? 0,
    micros,
  };
}

/** Slices a second of a server elsewhere. */
export async function rateAlone(client: Client, job: Job, seconds: number): Promise<number> {
  const exId = await client.submit(job);
  const rate = await rateOf(client, exId, Number(job.workers), seconds);
  await client.verb(exId, '_stop');
  return rate;
}

/** Text like `worker 24.1 µs, master 6.0 µs`: processor time a slice, largest first. */
export const describeMicros = (micros: Map<Kind, number>): string =>
  [...micros]
    .sort(([, a], [, b]) => b - a)
    .filter(([, value]) => value >= 0.05)
    .map(([kind, value]) => `${kind} ${value.toFixed(1)} µs`)
    .join(', ');

import type { ExecutionDocument } from '../../src/store/types.js';
import type { Bench, Scenario } from '../bench.js';
import { bareLoop } from '../load/bare-loop.js';
import { historySize } from '../load/history.js';
import { job, NOOP } from '../load/jobs.js';
import { canInspect, cpuBetween, shares, type ProcessUsage } from '../load/processes.js';
import { rateOf } from '../load/rate.js';
import type { Row, Target } from '../report/row.js';

const HALF: Target = { value: 0.5, of: 'ratio', better: 'higher' };
const TERASLICE: Record<number, string> = { 2: '95–105', 8: '152–177' };
const HISTORY_TARGET: Target = { value: 80, of: 'value', better: 'lower' };

/** How fast slices go through that cost nothing themselves: what orchestration costs. */
export const throughput: Scenario = {
  name: 'throughput',
  description: 'slices/s of 5 small records, reader → noop, with 2 and 8 workers, beside the bare loop',
  remote: true,
  async run(bench) {
    const two = await measure(bench, 2);
    const eight = await measure(bench, 8);
    return [...two, ...eight];
  },
};

async function measure(bench: Bench, workers: number): Promise<Row[]> {
  const client = await bench.client();
  const rates: number[] = [];
  const bare: number[] = [];
  const bytes: number[] = [];
  const limits: string[] = [];
  await bench.repeat(`throughput, ${workers} workers`, async () => {
    const exId = await client.submit(job(bench.options, workers, [NOOP]));
    const execution = await client.request<ExecutionDocument>('GET', `/ex/${exId}`);
    let before: ProcessUsage[] = [];
    const stack = bench.options.url === undefined ? await bench.stack() : undefined;
    const rate = await rateOf(client, exId, workers, bench.options.seconds, async () => {
      if (stack && canInspect) before = await stack.usage();
    });
    rates.push(rate);
    if (!stack) {
      await client.verb(exId, '_stop');
      return `${Math.round(rate)}/s`;
    }
    if (canInspect) limits.push(`processor time: ${shares(cpuBetween(before, await stack.usage()))}`);
    await client.verb(exId, '_stop');
    const history = await historySize(stack.temporal, exId);
    const processed = (await client.execution(exId))._slicer_stats?.processed ?? 0;
    bytes.push(history.bytes / processed);
    limits.push(`${processed} slices in ${history.runs} runs, ${history.events} events`);
    bare.push(await bareLoop(stack, execution, bench.cores, bench.options.seconds));
    return `${Math.round(rate)}/s, bare loop ${Math.round(bare.at(-1) ?? 0)}/s; ${limits.slice(-2).join('; ')}`;
  });
  const teraslice = TERASLICE[workers];
  const row: Row = {
    scenario: 'throughput',
    name: `slices/s, ${workers} workers`,
    unit: 'slices/s',
    values: rates,
    ...(bare.length > 0 ? { reference: { name: 'bare loop', values: bare }, target: HALF } : {}),
    ...(teraslice === undefined ? {} : { teraslice }),
    limits,
  };
  if (bytes.length === 0) return [row];
  const history: Row = {
    scenario: 'throughput',
    name: `history a slice, ${workers} workers`,
    unit: 'B',
    values: bytes,
    target: HISTORY_TARGET,
    limits: [],
  };
  return [row, history];
}

import type { Bench, Scenario } from '../bench.js';
import { job, NOOP } from '../load/jobs.js';
import { describeMicros, rateAlone, sideBySide, type SideBySide } from '../load/measure.js';
import type { Row } from '../report/row.js';

const TERASLICE: Record<number, string> = { 2: '95–105', 8: '152–177' };

/** How fast slices go through that cost nothing themselves: what orchestration costs. */
export const throughput: Scenario = {
  name: 'throughput',
  description: 'slices/s of 5 small records, reader → noop, with 2 and 8 workers, beside the bare loop',
  remote: true,
  async run(bench) {
    const measure = bench.options.url === undefined ? besideTheBareLoop : alone;
    return [...(await measure(bench, 2)), ...(await measure(bench, 8))];
  },
};

const rowOf = (workers: number, name: string, unit: string, values: number[]): Row => ({
  scenario: 'throughput',
  name: `${name}, ${workers} workers`,
  unit,
  values,
  limits: [],
});

function ratesOf(workers: number, values: number[]): Row {
  const teraslice = TERASLICE[workers];
  return {
    ...rowOf(workers, 'slices/s', 'slices/s', values),
    ...(teraslice === undefined ? {} : { teraslice }),
  };
}

async function besideTheBareLoop(bench: Bench, workers: number): Promise<Row[]> {
  const all: SideBySide[] = [];
  const limits: string[] = [];
  await bench.repeat(`throughput, ${workers} workers`, async () => {
    const pair = await sideBySide(bench, job(bench.options, workers, [NOOP]), bench.cores);
    all.push(pair);
    limits.push(
      `processor time a slice: ${describeMicros(pair.micros)}; ` +
        `${pair.processed} slices in ${pair.history.runs} runs, ${pair.history.events} events`,
    );
    const ratio = Math.round((100 * pair.server.rate) / pair.bare.rate);
    return `${Math.round(pair.server.rate)}/s, bare loop ${Math.round(pair.bare.rate)}/s (${ratio}%); ${limits.at(-1)}`;
  });
  return [
    {
      ...ratesOf(
        workers,
        all.map(({ server }) => server.rate),
      ),
      reference: { name: 'bare loop', values: all.map(({ bare }) => bare.rate) },
      target: { value: 0.5, of: 'ratio', better: 'higher' },
      limits,
    },
    {
      ...rowOf(
        workers,
        'processor time a slice',
        'µs',
        all.map(({ server }) => server.cpuMicros),
      ),
      reference: { name: 'bare loop', values: all.map(({ bare }) => bare.cpuMicros) },
    },
    {
      ...rowOf(
        workers,
        'history a slice',
        'B',
        all.map(({ history, processed }) => history.bytes / processed),
      ),
      target: { value: 80, of: 'value', better: 'lower' },
    },
  ];
}

async function alone(bench: Bench, workers: number): Promise<Row[]> {
  const client = await bench.client();
  const rates: number[] = [];
  await bench.repeat(`throughput, ${workers} workers`, async () => {
    rates.push(await rateAlone(client, job(bench.options, workers, [NOOP]), bench.options.seconds));
    return `${Math.round(rates.at(-1) ?? 0)}/s`;
  });
  return [ratesOf(workers, rates)];
}

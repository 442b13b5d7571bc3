import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Scenario } from '../bench.js';
import { historySize } from '../load/history.js';
import { job, waiting as wait } from '../load/jobs.js';
import { workersThere } from '../load/rate.js';
import { Stack } from '../load/stack.js';
import { callsBetween, CountingTemporal, type Calls } from '../load/temporal-server.js';
import type { Row } from '../report/row.js';

const WORKERS = 8;
const SLICE_MS = 50;

/** What Temporal is asked for: by a system at rest, an execution at rest, and per lease. */
export const temporal: Scenario = {
  name: 'temporal',
  description:
    'calls to Temporal of an idle system, an idle execution and a lease, and bytes of history a lease',
  onlyOnDemand: true,
  async run(bench) {
    const server = await CountingTemporal.start();
    try {
      const stack = await Stack.start([
        '--slots',
        `${WORKERS}`,
        '--temporal',
        server.address,
        '--log-level',
        'warn',
      ]);
      try {
        return await measure(bench, server, stack);
      } finally {
        await stack.stop();
      }
    } finally {
      await server.stop();
    }
  },
};

async function measure(bench: Bench, server: CountingTemporal, stack: Stack): Promise<Row[]> {
  const { client } = stack;
  const { seconds } = bench.options;
  await delay(5_000);
  const rest = await callsDuring(server, seconds);
  bench.log(`system at rest: ${describe(rest, seconds)}`);

  const exId = await client.submit(job(bench.options, WORKERS, [wait(bench.options, SLICE_MS)]));
  await client.processed(exId, 1);
  await workersThere(client, exId, WORKERS);
  await delay(5_000);
  const before = await historySize(server.address, exId);
  const busy = await callsDuring(server, seconds);
  const after = await historySize(server.address, exId);
  bench.log(`${WORKERS} workers at work: ${describe(busy, seconds)}`);

  await client.verb(exId, '_pause');
  await delay(5_000);
  const paused = await callsDuring(server, seconds);
  bench.log(`the same, paused: ${describe(paused, seconds)}`);
  await client.verb(exId, '_stop');

  const leases = busy.get('RespondActivityTaskCompleted') ?? 1;
  const row = (name: string, unit: string, value: number, limit: string): Row => ({
    scenario: 'temporal',
    name: `temporal: ${name}`,
    unit,
    values: [value],
    limits: [limit],
  });
  return [
    row('calls of a system at rest', '1/s', total(rest) / seconds, describe(rest, seconds)),
    row(
      'calls of a paused execution and its workers',
      '1/s',
      (total(paused) - total(rest)) / seconds,
      describe(paused, seconds),
    ),
    row('calls a lease', '', (total(busy) - total(rest)) / leases, describe(busy, seconds)),
    row('leases', '1/s', leases / seconds, ''),
    row('history a lease', 'B', (after.bytes - before.bytes) / leases, ''),
    row('events a lease', '', (after.events - before.events) / leases, ''),
  ];
}

async function callsDuring(server: CountingTemporal, seconds: number): Promise<Calls> {
  const before = await server.calls();
  await delay(seconds * 1_000);
  return callsBetween(before, await server.calls());
}

const total = (calls: Calls): number => [...calls.values()].reduce((sum, count) => sum + count, 0);

const describe = (calls: Calls, seconds: number): string =>
  [...calls].map(([name, count]) => `${name} ${(count / seconds).toFixed(2)}/s`).join(', ');

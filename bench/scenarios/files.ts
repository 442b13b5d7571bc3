import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Bench, Scenario } from '../bench.js';
import { writeOrders } from '../load/order-files.js';
import { canInspect } from '../load/processes.js';
import { BENCH_ASSET, type Stack } from '../load/stack.js';

const SCRIPT = fileURLToPath(new URL('../load/stream-script.mjs', import.meta.url));
const MEGABYTE = 1_000_000;
const SLICE_BYTES = 4 * MEGABYTE;
const ENDED = ['completed', 'failed', 'stopped', 'terminated'];

/** Real data, beside a script that somebody might have written instead. */
export const files: Scenario = {
  name: 'files',
  description: 'file_reader → map → file_exporter on newline-delimited JSON, beside a Node stream script',
  async run(bench) {
    const stack = await bench.stack();
    const input = stack.path('bench-input');
    const output = stack.path('bench-output');
    mkdirSync(input);
    const total = bench.options.fileMb * MEGABYTE;
    // A file for each core: so the script can use all of them, too.
    const paths = Array.from({ length: bench.cores }, (_, i) => join(input, `orders-${i}.ldjson`));
    const records = await Promise.all(paths.map((path) => writeOrders(path, total / paths.length)));
    const expected = records.reduce((sum, count) => sum + count, 0);
    const megabytes = paths.reduce((sum, path) => sum + statSync(path).size, 0) / MEGABYTE;

    const values: number[] = [];
    const script: number[] = [];
    const growth: number[] = [];
    await bench.repeat(`${Math.round(megabytes)} MB of newline-delimited JSON`, async () => {
      const { seconds, memory } = await runJob(bench, stack, input, output);
      const written = countLines(output);
      if (written !== expected) throw new Error(`${written} of ${expected} records were written`);
      rmSync(output, { recursive: true });
      values.push(megabytes / seconds);
      if (memory.length >= 4) growth.push(growthOf(memory));
      script.push(megabytes / (await runScript(paths, output)));
      rmSync(output, { recursive: true });
      return `${values.at(-1)?.toFixed(1)} MB/s, script ${script.at(-1)?.toFixed(1)} MB/s`;
    });
    rmSync(input, { recursive: true });
    return [
      {
        scenario: 'files',
        name: `files: ${Math.round(megabytes)} MB of JSON, ${bench.cores} workers`,
        unit: 'MB/s',
        values,
        reference: { name: 'stream script', values: script },
        target: { value: 0.7, of: 'ratio', better: 'higher' },
        limits: [],
      },
      ...(growth.length > 0
        ? [
            {
              scenario: 'files',
              name: 'files: memory of workers, second half against first',
              unit: '%',
              values: growth,
              limits: [],
            },
          ]
        : []),
    ];
  },
};

/** Seconds from the first slice until it completes, and memory of its workers along the way, in MB. */
async function runJob(
  bench: Bench,
  stack: Stack,
  input: string,
  output: string,
): Promise<{ seconds: number; memory: number[] }> {
  const exId = await stack.client.submit({
    name: 'bench',
    lifecycle: 'once',
    workers: bench.cores,
    assets: [BENCH_ASSET],
    operations: [
      { _op: 'file_reader', path: input, size: SLICE_BYTES },
      { _op: 'bench_map' },
      { _op: 'file_exporter', path: output },
    ],
  });
  const memory: number[] = [];
  let began: number | undefined;
  for (;;) {
    const { _status, _failureReason } = await stack.client.execution(exId);
    if (_status === 'running') began ??= performance.now();
    if (_status === 'completed') break;
    if (ENDED.includes(_status)) throw new Error(`the execution ended ${_status}: ${_failureReason}`);
    if (canInspect) {
      const workers = (await stack.usage()).filter(({ kind }) => kind === 'worker');
      if (workers.length === bench.cores) memory.push(Math.max(...workers.map(({ rss }) => rss)));
    }
    await delay(100);
  }
  return { seconds: (performance.now() - (began ?? performance.now())) / 1_000, memory };
}

/** Seconds that the script takes, a process for each file, all at once. */
async function runScript(paths: string[], output: string): Promise<number> {
  mkdirSync(output);
  const began = performance.now();
  await Promise.all(
    paths.map(async (path, i) => {
      const child = spawn(process.execPath, [SCRIPT, path, join(output, `${i}.ldjson`)], {
        stdio: 'inherit',
      });
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code !== 0) throw new Error(`the stream script ended with ${code}`);
    }),
  );
  return (performance.now() - began) / 1_000;
}

/** Largest memory in the second half of a run against that of the first, in percent. */
export function growthOf(memory: number[]): number {
  const half = Math.floor(memory.length / 2);
  return (100 * Math.max(...memory.slice(half))) / Math.max(...memory.slice(0, half));
}

function countLines(directory: string): number {
  const NEWLINE = 10;
  let count = 0;
  for (const name of readdirSync(directory)) {
    for (const byte of readFileSync(join(directory, name))) if (byte === NEWLINE) count++;
  }
  return count;
}

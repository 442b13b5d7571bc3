import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Scenario } from '../bench.js';
import { writeOrders } from '../load/order-files.js';
import { canInspect, cpuBetween, type Kind } from '../load/processes.js';
import { BENCH_ASSET, type Stack } from '../load/stack.js';
import { runScript, type ScriptRun } from '../load/run-script.js';
import type { Row } from '../report/row.js';

const MEGABYTE = 1_000_000;
/** As fast as any; see docs/performance.md. */
const SLICE_BYTES = 4 * MEGABYTE;
/** A look at all processes costs some 30 ms of a processor, which the job would miss. */
const LOOK_EVERY_MS = 1_000;
/** Each answer costs the master some 5 ms of a processor. */
const POLL_MS = 250;
const ENDED = ['completed', 'failed', 'stopped', 'terminated'];

const SCRIPTS = {
  'stream script': './stream-script.mjs',
  'script with a stream of records': './record-stream-script.mjs',
};
type Script = keyof typeof SCRIPTS;
const SCRIPT_NAMES = Object.keys(SCRIPTS) as Script[];

/** Real data, beside scripts that somebody might have written instead. */
export const files: Scenario = {
  name: 'files',
  description: 'file_reader → map → file_exporter on newline-delimited JSON, beside Node stream scripts',
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

    const runs: Run[] = [];
    await bench.repeat(`${Math.round(megabytes)} MB of newline-delimited JSON`, async () => {
      const job = await runJob(bench, stack, input, output);
      const written = countLines(output);
      if (written !== expected) throw new Error(`${written} of ${expected} records were written`);
      rmSync(output, { recursive: true });
      const scripts = {} as Run['scripts'];
      for (const name of SCRIPT_NAMES) scripts[name] = await runScript(SCRIPTS[name], paths, output);
      const run = { ...job, scripts };
      runs.push(run);
      return describe(run, megabytes);
    });
    rmSync(input, { recursive: true });
    return rowsOf(runs, megabytes, bench.cores);
  },
};

interface JobRun {
  /** From the first slice until it completes. */
  seconds: number;
  /** Resident memory of its largest worker along the way, in MB. */
  memory: number[];
  /** Processor seconds by kind of process; those of its hosts have ended. Empty where it cannot be read. */
  cpu: Map<Kind, number>;
}

interface Run extends JobRun {
  scripts: Record<Script, ScriptRun>;
}

async function runJob(bench: Bench, stack: Stack, input: string, output: string): Promise<JobRun> {
  const before = canInspect ? await stack.usage() : [];
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
  let looked = performance.now();
  for (;;) {
    const { _status, _failureReason } = await stack.client.execution(exId);
    if (_status === 'running') began ??= performance.now();
    if (_status === 'completed') break;
    if (ENDED.includes(_status)) throw new Error(`the execution ended ${_status}: ${_failureReason}`);
    if (canInspect && performance.now() - looked > LOOK_EVERY_MS) {
      const workers = (await stack.usage()).filter(({ kind }) => kind === 'worker');
      if (workers.length === bench.cores) memory.push(Math.max(...workers.map(({ rss }) => rss)));
      looked = performance.now();
    }
    await delay(POLL_MS);
  }
  const seconds = (performance.now() - (began ?? performance.now())) / 1_000;
  return { seconds, memory, cpu: canInspect ? cpuBetween(before, await stack.usage()) : new Map() };
}

const msPerMegabyte = (cpuSeconds: number, megabytes: number): number => (1_000 * cpuSeconds) / megabytes;

const sum = (cpu: Map<Kind, number>): number => [...cpu.values()].reduce((total, value) => total + value, 0);

/** Text like `ended 18.3 ms, master 0.6 ms`: processor time a MB, largest first. */
const describeCpu = (cpu: Map<Kind, number>, megabytes: number): string =>
  [...cpu]
    .map(([kind, seconds]) => [kind, msPerMegabyte(seconds, megabytes)] as const)
    .sort(([, a], [, b]) => b - a)
    .filter(([, ms]) => ms >= 0.05)
    .map(([kind, ms]) => `${kind} ${ms.toFixed(1)} ms`)
    .join(', ');

function describe({ seconds, cpu, scripts }: Run, megabytes: number): string {
  const compared = SCRIPT_NAMES.map((name) => {
    const script = scripts[name];
    const ratio = Math.round((100 * script.seconds) / seconds);
    const ms = msPerMegabyte(script.cpuSeconds, megabytes);
    return `${name} ${(megabytes / script.seconds).toFixed(1)} MB/s (${ratio}%), ${ms.toFixed(1)} ms`;
  });
  return (
    `${(megabytes / seconds).toFixed(1)} MB/s, processor time a MB: ${describeCpu(cpu, megabytes)}; ` +
    compared.join('; ')
  );
}

function rowsOf(runs: Run[], megabytes: number, cores: number): Row[] {
  const row = (name: string, unit: string, values: number[]): Row => ({
    scenario: 'files',
    name: `files: ${name}`,
    unit,
    values,
    limits: [],
  });
  const rates = runs.map(({ seconds }) => megabytes / seconds);
  const rows = SCRIPT_NAMES.map((name): Row => {
    const values = runs.map(({ scripts }) => megabytes / scripts[name].seconds);
    return {
      ...row(`${Math.round(megabytes)} MB of JSON, ${cores} workers, beside a ${name}`, 'MB/s', rates),
      reference: { name: 'script', values },
      target: { value: 0.7, of: 'ratio', better: 'higher' },
    };
  });
  if (!canInspect) return rows;
  const used = runs.map(({ cpu }) => msPerMegabyte(sum(cpu), megabytes));
  for (const [i, name] of SCRIPT_NAMES.entries()) {
    const values = runs.map(({ scripts }) => msPerMegabyte(scripts[name].cpuSeconds, megabytes));
    rows.push({
      ...row(`processor time a MB, beside a ${name}`, 'ms', used),
      reference: { name: 'script', values },
      // Once: the job is the same one.
      limits: i > 0 ? [] : runs.map(({ cpu }) => `processor time a MB: ${describeCpu(cpu, megabytes)}`),
    });
  }
  const seen = runs.filter(({ memory }) => memory.length >= 4).map(({ memory }) => memory);
  if (seen.length === 0) return rows;
  return [
    ...rows,
    row(
      'memory of the largest worker',
      'MB',
      seen.map((memory) => Math.max(...memory)),
    ),
    row('memory of workers, second half against first', '%', seen.map(growthOf)),
  ];
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

import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Injected } from './injector.js';
import { ACTIONS, TARGETS } from './plan.js';
import type { RunResult } from './run.js';
import type { Violation } from './violations.js';

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

/** What came of the runs, in Markdown. */
export function report(command: string, runs: RunResult[], violations: Violation[]): string {
  const faults = runs.flatMap((run) => run.faults).filter(({ skipped }) => !skipped);
  const tracks = runs.flatMap((run) => run.tracks);
  const sum = (numbers: number[]): string => numbers.reduce((a, b) => a + b, 0).toLocaleString('en-US');
  const kept = runs.flatMap((run) => run.kept ?? []);
  return [
    `\`${command}\``,
    '',
    `${hardware()}; ${seconds(runs.reduce((ms, { duration }) => ms + duration, 0))} s in all.`,
    '',
    '| Faults | Jobs | Executions | Slices | Records | Violations |',
    '| ---: | ---: | ---: | ---: | ---: | ---: |',
    `| ${[
      faults.length,
      tracks.length,
      sum(tracks.map(({ executions }) => executions.length)),
      sum(tracks.map(({ slices }) => slices)),
      sum(tracks.map(({ records }) => records)),
      violations.length,
    ].join(' | ')} |`,
    '',
    'Seconds until the slowest of the affected executions went on:',
    '',
    '| Fault | Times | Measured | Min | Median | Max |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows(faults),
    ...violations.map(({ at, promise, detail }) => `\n- **${promise}**, after ${at} s: ${detail}`),
    ...(kept.length > 0 ? ['', `Data and logs are kept in ${kept.join(' and ')}`] : []),
  ].join('\n');
}

/** One row for each kind of fault; those that overlapped another stand together in the last one. */
function rows(faults: Injected[]): string[] {
  const kinds = ACTIONS.flatMap((action) => TARGETS.map((target) => ({ action, target })));
  const alone = faults.filter((one) => !faults.some((other) => other !== one && overlap(one, other)));
  const lines = kinds.map(({ action, target }) =>
    row(
      `${action} ${target}`,
      alone.filter(({ fault }) => fault.action === action && fault.target === target),
    ),
  );
  const overlapping = faults.filter((fault) => !alone.includes(fault));
  return [...lines, row('any, overlapping another', overlapping)].filter((line) => line !== '');
}

/** Whether one was in effect, or not recovered from, while the other was. */
const overlap = (a: Injected, b: Injected): boolean => a.began < endOf(b) && b.began < endOf(a);

function endOf({ began, ended, recovery }: Injected): number {
  const recovered = recovery?.since === undefined ? 0 : recovery.since + (recovery.took ?? 0);
  return Math.max(ended ?? began, recovered);
}

function row(name: string, faults: Injected[]): string {
  if (faults.length === 0) return '';
  const times = faults.flatMap(({ recovery }) => recovery?.took ?? []).sort((a, b) => a - b);
  const shown = [times[0], times[Math.floor((times.length - 1) / 2)], times.at(-1)].map((ms) =>
    ms === undefined ? '' : seconds(ms),
  );
  return `| ${[name, faults.length, times.length, ...shown].join(' | ')} |`;
}

function hardware(): string {
  const model = cpus()[0]?.model.trim() ?? process.arch;
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${availableParallelism()} × ${model}, ${memory} GB, ${process.platform}, Node ${process.version}`;
}

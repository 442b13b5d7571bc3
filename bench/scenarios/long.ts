import type { Scenario } from '../bench.js';
import { historySize } from '../load/history.js';
import { job, NOOP } from '../load/jobs.js';
import { cpuBetween, type Kind, type ProcessUsage } from '../load/processes.js';
import type { Row } from '../report/row.js';

const WORKERS = 2;
const STEP = 1_000_000;
const GROWS: Kind[] = ['temporal', 'master', 'node', 'slicer', 'worker'];

/** The end is left out: hosts that are gone when it is counted have taken their processor time with them. */
const MEASURED = 0.98;

interface Step {
  slices: number;
  seconds: number;
  cpu: number;
  answer: number;
  memory: Map<Kind, number>;
}

/** Whether anything grows with the number of slices. */
export const long: Scenario = {
  name: 'long',
  description: 'memory, time and processor time of each million slices of one long execution',
  onlyOnDemand: true,
  async run(bench) {
    const stack = await bench.stack();
    const slices = Math.round(bench.options.millions * STEP);
    const exId = await stack.client.submit(job(bench.options, WORKERS, [NOOP], slices));
    await stack.client.processed(exId, 1);
    const steps: Step[] = [];
    let before = await stack.usage();
    let began = performance.now();
    let counted = 0;
    for (let goal = STEP; goal - STEP < slices; goal += STEP) {
      await stack.client.processed(exId, Math.min(goal, slices * MEASURED), 100);
      const processed = (await stack.client.progress(exId))?.processed ?? goal;
      const after = await stack.usage();
      const asked = performance.now();
      await stack.client.request('GET', `/ex/${exId}/slicer`);
      const step = {
        slices: processed - counted,
        seconds: (asked - began) / 1_000,
        cpu: [...cpuBetween(before, after).values()].reduce((sum, value) => sum + value, 0),
        answer: performance.now() - asked,
        memory: memoryOf(after),
      };
      steps.push(step);
      bench.log(
        `${(processed / STEP).toFixed(2)} M: ${step.seconds.toFixed(1)} s, ${step.cpu.toFixed(1)} s CPU, GET slicer ${step.answer.toFixed(0)} ms, ` +
          [...step.memory].map(([kind, megabytes]) => `${kind} ${Math.round(megabytes)}`).join(', '),
      );
      counted = processed;
      before = after;
      began = performance.now();
    }
    await stack.client.completed(exId, slices, 200);
    const history = await historySize(stack.temporal, exId);
    return rowsOf(steps, history.bytes / slices);
  },
};

function memoryOf(usage: ProcessUsage[]): Map<Kind, number> {
  const found = new Map<Kind, number>();
  for (const { kind, rss } of usage) {
    if (GROWS.includes(kind)) found.set(kind, Math.max(rss, found.get(kind) ?? 0));
  }
  return found;
}

function rowsOf(steps: Step[], bytesASlice: number): Row[] {
  const first = steps[0] as Step;
  const last = steps.at(-1) as Step;
  const row = (name: string, unit: string, of: (step: Step) => number): Row => ({
    scenario: 'long',
    name: `long: ${name}`,
    unit,
    values: steps.map(of),
    limits: [`first ${of(first).toFixed(1)}, last ${of(last).toFixed(1)}`],
  });
  return [
    row('processor time a slice', 'µs', ({ cpu, slices }) => (cpu * 1_000_000) / slices),
    row('time of a million slices', 's', ({ seconds, slices }) => (seconds * STEP) / slices),
    row('answer of GET …/slicer', 'ms', ({ answer }) => answer),
    ...GROWS.map((kind) => row(`memory, ${kind}`, 'MB', ({ memory }) => memory.get(kind) ?? 0)),
    {
      scenario: 'long',
      name: 'long: history a slice',
      unit: 'B',
      values: [bytesASlice],
      target: { value: 80, of: 'value', better: 'lower' },
      limits: [],
    },
  ];
}

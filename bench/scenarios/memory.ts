import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../bench.js';
import { job, NOOP } from '../load/jobs.js';
import type { Kind, ProcessUsage } from '../load/processes.js';
import { canInspect } from '../load/processes.js';
import { workersThere } from '../load/rate.js';
import type { Row, Target } from '../report/row.js';

const WORKERS = 8;
const TARGETS: Partial<Record<Kind, number>> = { worker: 100, slicer: 110 };
const TERASLICE: Partial<Record<Kind, string>> = { worker: '128–240', slicer: '196–250' };
const WHOLE_TARGET: Target = { value: 2_048, of: 'value', better: 'lower' };

/** Resident memory of each kind of process, under load. */
export const memory: Scenario = {
  name: 'memory',
  description: `resident memory of each kind of process and of the whole system, ${WORKERS} workers under load`,
  async run(bench) {
    if (!canInspect) throw new Error('memory of other processes can be read on Linux only');
    const stack = await bench.stack();
    const byKind = new Map<Kind, number[]>();
    const whole: number[] = [];
    const proportional: number[] = [];
    await bench.repeat(`memory, ${WORKERS} workers`, async () => {
      const exId = await stack.client.submit(job(bench.options, WORKERS, [NOOP]));
      await stack.client.processed(exId, 1);
      await workersThere(stack.client, exId, WORKERS);
      await delay(bench.options.seconds * 1_000);
      const usage = await stack.usage();
      for (const { kind, rss } of usage) byKind.set(kind, [...(byKind.get(kind) ?? []), rss]);
      whole.push(sum(usage, ({ rss }) => rss));
      proportional.push(sum(usage, ({ pss }) => pss));
      await stack.client.verb(exId, '_stop');
      return `${Math.round(whole.at(-1) ?? 0)} MB, ${Math.round(proportional.at(-1) ?? 0)} MB with shared pages counted once`;
    });
    const rows: Row[] = [...byKind].map(([kind, values]) => ({
      scenario: 'memory',
      name: `memory: ${kind}`,
      unit: 'MB',
      values,
      ...limitOf(kind),
      limits: [],
    }));
    return [
      ...rows,
      {
        scenario: 'memory',
        name: `memory: whole system, ${WORKERS} workers`,
        unit: 'MB',
        values: whole,
        target: WHOLE_TARGET,
        teraslice: 'about 3,600',
        limits: [],
      },
      {
        scenario: 'memory',
        name: 'memory: the same, shared pages counted once',
        unit: 'MB',
        values: proportional,
        limits: [],
      },
    ];
  },
};

function limitOf(kind: Kind): Pick<Row, 'target' | 'teraslice'> {
  const target = TARGETS[kind];
  const teraslice = TERASLICE[kind];
  return {
    ...(target === undefined ? {} : { target: { value: target, of: 'value', better: 'lower' } }),
    ...(teraslice === undefined ? {} : { teraslice }),
  };
}

const sum = (usage: ProcessUsage[], of: (process: ProcessUsage) => number): number =>
  usage.reduce((total, process) => total + of(process), 0);

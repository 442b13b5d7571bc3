/**
 * Kills, suspends and restarts everything while jobs run, and checks that nothing was lost, done twice or misreported:
 *
 *     npm run chaos -- --minutes 5
 *
 * A table on standard output, what goes on on standard error. Exit code 1 if a promise did not hold; then data and
 * logs are kept. The same seed and options give the same sequence of faults.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { markedProcesses } from '../support/marked-processes.mjs';
import { kill } from '../support/processes.js';
import { report } from './report.js';
import { LAYOUTS, MARK, run, type Layout, type RunResult } from './run.js';
import { Violations } from './violations.js';

const USAGE = `usage: npm run chaos -- [options]
  --minutes N    how long faults are made, all layouts together (default 5)
  --seed S       the sequence of faults (default: a new one, printed with the result)
  --layout L     separate (processes apart), start (one \`temposlice start\`) or both (default)
  --each         every kind of fault once instead of for some time
  --longest S    longest outage in seconds (default 40)
  --nodes N      nodes of the layout separate (default 3)
  --slots N      slots of a node (default 2)
  --lanes N      jobs that run at the same time (default 2)`;

const values = options();

function options() {
  try {
    const parsed = parseArgs({
      options: {
        minutes: { type: 'string', default: '5' },
        seed: { type: 'string', default: String(randomInt(1_000_000)) },
        layout: { type: 'string', default: 'both' },
        each: { type: 'boolean', default: false },
        longest: { type: 'string', default: '40' },
        nodes: { type: 'string', default: '3' },
        slots: { type: 'string', default: '2' },
        lanes: { type: 'string', default: '2' },
        help: { type: 'boolean', default: false },
      },
    });
    if (!parsed.values.help) return parsed.values;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

const number = (name: 'minutes' | 'seed' | 'longest' | 'nodes' | 'slots' | 'lanes'): number => {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  console.error(`--${name} must be a number, not "${values[name]}"`);
  process.exit(2);
};

const layouts = LAYOUTS.filter((layout) => values.layout === layout || values.layout === 'both');
if (layouts.length === 0) {
  console.error(`--layout must be separate, start or both, not "${values.layout}"`);
  process.exit(2);
}

const began = Date.now();
const say = (line: string): void =>
  console.error(`${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} ${line}`);
process.env[MARK] = randomUUID();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const { pid } of markedProcesses(MARK)) kill(pid, 'SIGKILL');
    process.exit(130);
  });
}

const seed = number('seed');
const within = values.each ? undefined : (number('minutes') * 60_000) / layouts.length;
const violations = new Violations(say);
const optionsOf = (layout: Layout) => ({
  ...{ layout, seed, within, longest: number('longest') * 1_000 },
  ...{ nodes: number('nodes'), slots: number('slots'), lanes: number('lanes') },
});
const results: RunResult[] = [];
for (const layout of layouts) results.push(await run(optionsOf(layout), violations, say));

const extent = values.each ? '--each' : `--minutes ${values.minutes}`;
const command = `npm run chaos -- ${extent} --seed ${seed} --layout ${values.layout}`;
console.log(report(command, results, violations.list));
process.exit(violations.list.length === 0 ? 0 : 1);

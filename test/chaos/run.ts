import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { markedProcesses } from '../support/marked-processes.mjs';
import type { Cluster } from './cluster.js';
import { Consistency } from './consistency.js';
import { Injector, type Injected } from './injector.js';
import { Monitor } from './monitor.js';
import { faultKinds, planFaults } from './plan.js';
import { Rest } from './rest.js';
import { SeparateCluster } from './separate-cluster.js';
import { SupervisedCluster } from './supervised-cluster.js';
import { TemporalProbe } from './temporal-probe.js';
import type { Track } from './track.js';
import type { Violations } from './violations.js';
import { Workload } from './workload.js';

export const LAYOUTS = ['separate', 'start'] as const;
/** Each part a process of its own, below the chaos runner; or `temposlice start`. */
export type Layout = (typeof LAYOUTS)[number];

export interface RunOptions {
  layout: Layout;
  seed: number;
  /** Time for faults to begin in, in ms; undefined: one fault of each kind. */
  within: number | undefined;
  /** Longest suspension, in ms. */
  longest: number;
  nodes: number;
  /** Worker slots of each node. */
  slots: number;
  /** Once jobs at a time. */
  lanes: number;
}

export interface RunResult {
  layout: Layout;
  faults: Injected[];
  tracks: Track[];
  /** Folder of its data and logs; undefined: removed. */
  kept: string | undefined;
  /** In ms. */
  duration: number;
}

/** Variable that marks all processes of a run. */
export const MARK = 'TEMPOSLICE_CHAOS_RUN';

/** Time before the first fault, in ms: jobs begin. */
const WARM_UP = 5_000;
/** Time without any progress, once everything is up again, after which a run is taken for stuck, in ms. */
const STUCK = 120_000;
const LEFTOVER_GRACE = 10_000;

/** Starts a cluster, lets jobs run while faults come down on it, and checks what became of them. */
export async function run(
  options: RunOptions,
  violations: Violations,
  say: (line: string) => void,
): Promise<RunResult> {
  const { layout, seed, within, longest, nodes, slots, lanes } = options;
  const began = Date.now();
  const cluster: Cluster =
    layout === 'separate'
      ? await SeparateCluster.create(nodes, slots)
      : await SupervisedCluster.create(nodes * slots);
  say(`${layout}: ${cluster.url}, data and logs in ${cluster.dataDir}`);
  const rest = new Rest(cluster, violations);
  const temporal = new TemporalProbe(cluster);
  const monitor = new Monitor(rest, violations);
  const injector = new Injector(cluster, monitor, violations, say);
  const consistency = new Consistency(monitor, temporal, injector, violations);
  const tools = { rest, monitor, temporal, violations, say };
  const workload = new Workload(tools, { seed, folder: join(cluster.dataDir, 'jobs'), lanes });
  const before = violations.list.length;
  try {
    monitor.start();
    consistency.start();
    workload.start();
    await delay(WARM_UP);
    const kinds = faultKinds(cluster.targets);
    const end = Date.now() + (within ?? Infinity);
    await injector.run(planFaults({ seed, kinds, longest }), (begun) =>
      within === undefined ? begun === kinds.length : Date.now() >= end,
    );
    say(`${layout}: the faults are over; ${monitor.active().length} executions are to end`);
    const stuck = await settled(workload, monitor);
    for (const { name, executions } of stuck) {
      const exId = executions.at(-1) ?? '';
      const status = `execution ${exId} is ${monitor.statusOf(exId)}`;
      violations.add('work goes on', `${name} is not done, without progress for ${STUCK} ms: ${status}`);
    }
    if (stuck.length === 0) {
      await monitor.lookAtAll();
      for (const difference of await consistency.differences()) {
        violations.add('store and Temporal agree', difference);
      }
    }
  } finally {
    await Promise.all([monitor.stop(), consistency.stop()]);
    await temporal.close();
    await cluster.stop();
  }
  await expectNothingLeft(violations);
  const clean = violations.list.length === before;
  if (clean) rmSync(cluster.dataDir, { recursive: true, force: true });
  return {
    layout,
    faults: injector.injected,
    tracks: workload.tracks,
    kept: clean ? undefined : cluster.dataDir,
    duration: Date.now() - began,
  };
}

/** Waits until all work has ended and was checked; answers what does not get on. */
async function settled(workload: Workload, monitor: Monitor): Promise<Track[]> {
  const finished = workload.finish();
  for (const since = Date.now(); workload.unfinished().length > 0;) {
    await Promise.race([finished, delay(1_000)]);
    const progress = Math.max(...[...monitor.seen.values()].map(({ progressAt }) => progressAt));
    if (Date.now() - Math.max(since, progress) > STUCK) return workload.unfinished();
  }
  return [];
}

/** Ends what is left, so that the machine stays clean. */
async function expectNothingLeft(violations: Violations): Promise<void> {
  let left = markedProcesses(MARK);
  for (
    const since = Date.now();
    left.length > 0 && Date.now() - since < LEFTOVER_GRACE;
    left = markedProcesses(MARK)
  ) {
    await delay(200);
  }
  for (const { pid, command } of left) {
    violations.add('no orphans', `${pid} ${command} is left after a stop in order`);
    process.kill(pid, 'SIGKILL');
  }
}

import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions, type InjectedSinks, type NativeConnection } from '@temporalio/worker';
import { wellFormedFailures } from '../../activities/well-formed-failures.js';
import type { LeaseSinks, LedgerSinks } from '../../workflows/calls.js';
import {
  MASTER_TASK_QUEUE,
  WAITING_TASK_QUEUE,
  type MasterActivities,
  type WaitingActivities,
} from '../../workflows/types.js';
import { dataConverter } from '../payload-codec.js';
import { WorkflowSlots } from './workflow-slots.js';

/** Workflow runs whose state is kept in memory, so that they need not be replayed at each task. */
const CACHED_WORKFLOWS = 500;
/** Calls to the store and to placement at the same time. */
const SLOTS = 1_000;
/** Executions that wait for a slicer in this master at the same time: well above those that are let in (`findSlicer`). */
const WAITING_SLOTS = 200;

export interface MasterWorkersOptions {
  connection: NativeConnection;
  namespace: string;
  activities: MasterActivities;
  waiting: WaitingActivities;
  sinks: InjectedSinks<LedgerSinks & LeaseSinks>;
  slots?: number;
}

const fixed = (numSlots: number) => ({ type: 'fixed-size', numSlots }) as const;

/**
 * What a master polls Temporal with. Waiting for a slicer has a worker of its own: with more executions waiting
 * than there are slots, those that run could not record a failure nor close, and so no slicer would ever be free.
 */
export async function createWorkers(options: MasterWorkersOptions): Promise<{
  /** Rejects if one of them fails; both are stopped then. */
  run(): Promise<void>;
  shutdown(): void;
}> {
  const common = {
    connection: options.connection,
    namespace: options.namespace,
    identity: `master/${process.pid}`,
    dataConverter,
    interceptors: { activity: [wellFormedFailures] },
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: '1s',
    shutdownForceTime: '5s',
  } satisfies Partial<WorkerOptions>;
  const main = await Worker.create({
    ...common,
    taskQueue: MASTER_TASK_QUEUE,
    workflowBundle: { codePath: fileURLToPath(new URL('../../workflows/bundle.js', import.meta.url)) },
    activities: options.activities,
    sinks: options.sinks,
    maxCachedWorkflows: CACHED_WORKFLOWS,
    tuner: {
      workflowTaskSlotSupplier: new WorkflowSlots(),
      activityTaskSlotSupplier: fixed(options.slots ?? SLOTS),
      localActivityTaskSlotSupplier: fixed(1),
      nexusTaskSlotSupplier: fixed(1),
    },
    stickyQueueScheduleToStartTimeout: '2s',
  });
  const waiting = await Worker.create({
    ...common,
    taskQueue: WAITING_TASK_QUEUE,
    activities: options.waiting,
    maxConcurrentActivityTaskExecutions: WAITING_SLOTS,
  });
  const workers = [main, waiting];
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    shutdown,
    run: async () => {
      const runs = workers.map((worker) => worker.run());
      try {
        await Promise.all(runs);
      } catch (error) {
        shutdown();
        throw error;
      }
    },
  };
}

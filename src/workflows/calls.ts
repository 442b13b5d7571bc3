import * as wf from '@temporalio/workflow';
import type { MasterActivities, NodeActivities, SliceTuple, WaitingActivities } from './types.js';
import {
  MASTER_TASK_QUEUE,
  WAITING_TASK_QUEUE,
  leaseTaskQueue,
  nodeTaskQueue,
  slicerTaskQueue,
} from './types.js';

/** The activities a workflow calls, with the timeouts that decide how soon a loss is noticed. */

/** Longest a silent node is waited for. A node heartbeats every second. */
const HEARTBEAT_TIMEOUT = '5s';

const forever = { initialInterval: '200ms', maximumInterval: '5s', backoffCoefficient: 2 } as const;

/** Short calls to the store: asked again until it answers. */
export const master = wf.proxyActivities<MasterActivities>({
  taskQueue: MASTER_TASK_QUEUE,
  startToCloseTimeout: '30s',
  retry: forever,
});

/** Calls to a master that wait for something to happen. */
export const patientMaster = wf.proxyActivities<Pick<MasterActivities, 'finishHosts'>>({
  taskQueue: MASTER_TASK_QUEUE,
  startToCloseTimeout: '30 days',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: forever,
});

/** Where an execution waits for its slicer. Ends with the workflow. */
export const waitingRoom = wf.proxyActivities<WaitingActivities>({
  taskQueue: WAITING_TASK_QUEUE,
  startToCloseTimeout: '30 days',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: forever,
});

/**
 * A lease. Never retried by Temporal: a lost one is split by the ledger. The time limit is far above the
 * budget because a node answers at the latest five seconds past it; it only catches a node gone mad.
 */
export const worker = (
  exId: string,
  slices: SliceTuple[],
  budget: number,
): Pick<NodeActivities, 'processSlices'> => {
  const first = slices[0] as SliceTuple;
  return wf.proxyActivities<NodeActivities>({
    taskQueue: leaseTaskQueue(exId),
    startToCloseTimeout: budget + 120_000,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { maximumAttempts: 1 },
    cancellationType: wf.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: `${slices.length} slice${slices.length === 1 ? '' : 's'} from ${first[0]}:${first[1]}`,
  });
};

/** A slice that outlasted its lease, at the node that has it. */
export const collector = (node: string): Pick<NodeActivities, 'collectSlice'> =>
  wf.proxyActivities<NodeActivities>({
    taskQueue: nodeTaskQueue(node),
    scheduleToStartTimeout: '10s',
    startToCloseTimeout: '30 days',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { maximumAttempts: 1 },
    summary: 'a slice that outlasted its lease',
  });

/** The slicer. A cancelled call lets go of its caller only. */
export const slicer = (exId: string, epoch: number): Pick<NodeActivities, 'createSlices'> =>
  wf.proxyActivities<NodeActivities>({
    taskQueue: slicerTaskQueue(exId, epoch),
    scheduleToStartTimeout: '5s',
    startToCloseTimeout: '150s',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { maximumAttempts: 1 },
    cancellationType: wf.ActivityCancellationType.TRY_CANCEL,
    summary: 'slicer',
  });

/** What an activity failed with; undefined if nobody has said it. */
export function messageOf(error: unknown): string | undefined {
  const cause = error instanceof wf.ActivityFailure ? error.cause : error;
  return cause instanceof wf.ApplicationFailure ? cause.message : undefined;
}

export interface LedgerSinks extends wf.Sinks {
  counters: {
    /** Hands live numbers to the master process: no history, lost with it and replaced by the next. */
    report(exId: string, seq: number, counters: unknown): void;
  };
}

export interface LeaseSinks extends wf.Sinks {
  leases: {
    /** All leases up to this one are being cancelled: nodes may hear of it before Temporal tells them. */
    cancelled(exId: string, lease: number): void;
  };
}

export const sinks = wf.proxySinks<LedgerSinks & LeaseSinks>();

import type { LeasesState } from './leases.js';
import type { ParkedState } from './parked-slices.js';
import type { Tuning } from './tuning.js';
import type { ProbationState } from './probation.js';
import type { StatusState } from './status-log.js';
import type { Counters, ExecutionStatus, LedgerSnapshot, RecoveryStart, SliceTuple } from '../store/types.js';

export type { SliceTuple };

/**
 * What crosses the line between the workflow, the activities and the processes that run them.
 * Types only: this file is part of the workflow bundle.
 */

/** Task queue of the masters: workflow tasks and the activities that touch the store. */
export const MASTER_TASK_QUEUE = 'temposlice';
/** Task queue of the masters for executions that wait for a slicer: they must not take the slots of those that have one. */
export const WAITING_TASK_QUEUE = 'temposlice/waiting';
/** Task queue of an execution's leases, polled by every node that hosts its workers. */
export const leaseTaskQueue = (exId: string): string => exId;
/** Task queue of an execution's slicer; a slicer that moved to another node gets a new epoch. */
export const slicerTaskQueue = (exId: string, epoch: number): string => `${exId}/slicer/${epoch}`;
/** Task queue of one start of one node, for slices that outlasted their lease. */
export const nodeTaskQueue = (incarnation: string): string => `node/${incarnation}`;

/** Custom search attributes, all keywords, by which executions are found in the Web UI. */
export const SEARCH_ATTRIBUTES = ['TemposliceJobId', 'TemposliceJobName', 'TemposliceStatus'] as const;

export interface ExecutionInput {
  exId: string;
  jobId: string;
  name: string;
  /** Whether the namespace knows our search attributes; upserting an unknown one blocks a workflow. */
  searchAttributes: boolean;
  /** State of the previous run when this one continues it. */
  carried?: Carried;
}

/** What the workflow needs to know of its execution; read once from the store, by the claim. */
export interface ExecutionSettings {
  lifecycle: 'once' | 'persistent';
  workers: number;
  maxRetries: number;
  probationWindow: number;
  stateful: boolean;
  /** Absent in runs that began before there was such a limit. */
  maxFailedSlices?: number | string | null;
  recovery: RecoveryStart | null;
  /** Numbers of its run; those that are absent are of before there was such a record. */
  tuning?: Partial<Tuning>;
}

export type Wanted = 'running' | 'paused' | 'stopped';

/** A slice that outlasted its lease and goes on in its host. */
export interface RunningSlice {
  slice: SliceTuple;
  /** Incarnation of the node that has it. */
  node: string;
  host: string;
}

/** Slices that are leased again in this composition, after a loss. */
export interface Retry {
  slices: SliceTuple[];
  /** How many times in a row their lease was lost. */
  losses: number;
  /** Workflow time in ms before which they are not leased. */
  notBefore: number;
}

/** State of the ledger between two runs of one workflow. */
export interface LedgerState {
  queue: SliceTuple[];
  retries: Retry[];
  running: RunningSlice[];
  /** Tries used up by slices that killed their host, by slice key. */
  tries: Array<[string, number]>;
  issued: number;
  completed: number;
  failed: number;
  /** Absent in runs that were carried on before there was such a count. */
  recovered?: number;
  /** See `Ledger.packing`; absent: 1. */
  packing?: number;
  last: Array<[number, number, string]>;
  records: number[];
  times: number[];
}

export interface Carried extends StatusState, ParkedState, LeasesState {
  settings: ExecutionSettings;
  ledger: LedgerState;
  wanted: Wanted;
  workers: number;
  started: number;
  slicer: SlicerState;
  /** Slices of an earlier execution are still to be done. */
  replaying: boolean;
  fatal: string | null;
  abandoned: boolean;
  logLevel: string | null;
  probation: ProbationState | null;
}

export interface SlicerState {
  epoch: number;
  /** Number of the last call that was answered; 0: none. */
  number: number;
  done: boolean;
  recoverable: boolean | null;
  queuingComplete: number | null;
  slicers: number;
  subslices: number;
  subsliceByKey: number;
  rangeExpansion: number;
  /** Pages in the store with slices that were not taken up yet. */
  pages: string[];
  /** Most slices that the reader wants queued; null until it was asked. */
  maxQueueLength: number | null;
  /** Whether the reader or an API listens to what becomes of slices. */
  hooks: boolean;
  /** Sequence number of the last event the slicer host confirmed. */
  confirmed: number;
  events: SliceEvent[];
  /** Sequence number of the newest event. */
  eventSeq: number;
  /** Errors of the slicer in a row. */
  errors: number;
  /** Deaths of its host in a row, in one and the same call; absent: 0. */
  deaths?: number;
}

/** What became of a slice, for `onSliceDispatch` and `onSliceComplete`: `[type, slice, error?]`. */
export type SliceEvent = ['dispatch' | 'complete', SliceTuple, string?];

export interface LeaseInput {
  exId: string;
  lease: number;
  slices: SliceTuple[];
  /** Tries used up before, by index, where there were any. */
  tries?: Array<[number, number]>;
  /** Time after which no further slice is started, in ms. */
  budget: number;
  /** How long it will take, as it is expected, in ms; 0: nothing is known. */
  expected: number;
  logLevel?: string | null;
}

export interface FailedOutcome {
  /** Index of the slice in its lease. */
  i: number;
  error: string;
  /** Retries used up. */
  retries: number;
}

/**
 * The slices of a lease run one after the other, so outcomes cover a prefix: slices before `done` ended,
 * the slice at `done` is the one that is still running, was cut short or killed its host, and the rest was not
 * started.
 */
export interface LeaseResult {
  done: number;
  failed: FailedOutcome[];
  running?: { node: string; host: string };
  died?: string;
  /**
   * How many slices, from the one at `done` on, may have been begun, with nobody to blame: the node itself ended the
   * host, or nothing more could be read of it. Absent: none.
   */
  cut?: number;
  /** Time the host took for the slices that ended, in ms. */
  ms: number;
  /**
   * Records out and ms per operation, summed over the completed slices. Absent where the host could not say: with
   * `running` they come when that slice ends, with the death of a host they are lost.
   */
  records?: number[];
  times?: number[];
}

export interface CollectInput {
  exId: string;
  host: string;
  slice: SliceTuple;
}

/** `records`, `times`: of all completed slices of its lease, which was answered without them. */
export type CollectResult =
  | { outcome: 'completed'; records?: number[]; times?: number[] }
  | { outcome: 'failed'; error: string; retries: number; records?: number[]; times?: number[] }
  | { outcome: 'died'; reason: string }
  /** The node knows no such slice: it is to be issued again. */
  | { outcome: 'unknown' }
  /** Ended by the node itself (stop, drain, fence): no try. */
  | { outcome: 'ended' };

export interface CreateInput {
  exId: string;
  /** Consecutive number of the call; a repeated number asks for the same answer again. */
  number: number;
  /** Last slice made by each slicer, taken up or still in a page, to build the slicer anew from. */
  last: Array<[number, number, string]>;
  /** No slices: the call only brings events. */
  wanted: { slices: number; bytes: number };
  /** Slices queued in the workflow, for `maxQueueLength` and for how long to wait for more. */
  queued: number;
  stats: { connected: number; processed: number; failed: number };
  /** Events not confirmed yet, the first of which has the sequence number `eventsFrom`. */
  events: SliceEvent[];
  eventsFrom: number;
  logLevel?: string | null;
}

export interface CreateResult {
  slices: SliceTuple[];
  /** Share of their bytes that slices of this slicer have after compression; absent: nothing new is known. */
  packing?: number;
  done: boolean;
  recoverable: boolean;
  slicers: number;
  subslices: number;
  subsliceByKey: number;
  rangeExpansion: number;
  hooks: boolean;
  maxQueueLength: number;
  /** Sequence number of the last event applied. */
  confirmed: number;
  /** Pages in the store that hold the slices, when they are too large for an answer. */
  pages?: string[];
  /** Last slice of each slicer in the pages. */
  last?: Array<[number, number, string]>;
}

/** Types of the failures with which `createSlices` ends for good. */
export const SLICER_FAILURES = {
  /** The host was lost and the slicer cannot be built anew. */
  lost: 'SLICER_LOST',
  /** The operations could not be loaded or initialised. */
  init: 'SLICER_INIT_FAILED',
  /** `slice()` threw. */
  error: 'SLICER_ERROR',
  /** A slice is too large to be stored in a history. */
  tooLarge: 'SLICE_TOO_LARGE',
  /** The host died in the middle of the call, by itself or by the slicer's doing. */
  died: 'SLICER_HOST_DIED',
  /** Nobody is there, or the node ended the host. */
  gone: 'SLICER_GONE',
} as const;

/** Failed slices to take up again. */
export interface ReplayRequest {
  /** A request that is repeated with its id is done once. */
  id: string;
  /** Which ones, as in lists; `*`: all. */
  filter: string;
}

/** Type of the failure of a replay that comes when the execution is ending. */
export const REPLAY_REFUSED = 'REPLAY_REFUSED';

/** Type of the failure of `recordFailures` when the store will not take them, however often it is asked. */
export const FAILURES_REFUSED = 'FAILURES_REFUSED';

export interface FailedSliceInput {
  slice: SliceTuple;
  error: string;
  retries: number;
}

export interface FinishResult {
  /** Why flushes failed, one line a host. */
  failed: string[];
  /** Hosts lost before their flush. */
  lost: number;
}

/** Activities of the masters that an execution waits in until it has a slicer. */
export interface WaitingActivities {
  findSlicer(input: { exId: string }): Promise<{ epoch: number }>;
}

/** Activities of the masters. */
export interface MasterActivities {
  claimExecution(input: { exId: string }): Promise<ExecutionSettings | null>;
  setStatus(input: {
    exId: string;
    seq: number;
    status: ExecutionStatus;
    failureReason?: string;
    counters: Counters;
    countersSeq: number;
  }): Promise<void>;
  /**
   * Fails with FAILURES_REFUSED, else is asked again.
   * `read`: end (exclusive) of the recovered positions taken up; absent in runs that began before it was told.
   */
  recordFailures(input: { exId: string; slices: FailedSliceInput[]; read?: number }): Promise<void>;
  /**
   * The positions that they got among the recovered slices, `to` exclusive, and how many the execution began with;
   * runs that asked before that was told have no `base`.
   */
  takeFailures(input: { exId: string } & ReplayRequest): Promise<{ from: number; to: number; base?: number }>;
  recoveredSlices(input: {
    exId: string;
    position: number;
    limit: number;
    bytes: number;
    /** End (exclusive) of the positions that the run knows of beside those it began with; absent: 0. */
    end?: number;
  }): Promise<{ slices: SliceTuple[]; next: number | null; packing?: number }>;
  readPage(input: { exId: string; page: string }): Promise<SliceTuple[]>;
  hostGone(input: { host: string }): Promise<boolean>;
  finishHosts(input: { exId: string }): Promise<FinishResult>;
  closeExecution(input: {
    exId: string;
    seq: number;
    status: ExecutionStatus;
    failureReason: string;
    counters: Counters;
    ledger: LedgerSnapshot;
  }): Promise<void>;
}

/** Activities of the nodes. */
export interface NodeActivities {
  processSlices(input: LeaseInput): Promise<LeaseResult>;
  collectSlice(input: CollectInput): Promise<CollectResult>;
  createSlices(input: CreateInput): Promise<CreateResult>;
}

import { randomUUID } from 'node:crypto';
import type {
  Counters,
  ExecutionDocument,
  FailedSlice,
  JobDocument,
  LedgerSnapshot,
  SliceTuple,
} from '../../src/store/types.js';
import { sliceId } from '../../src/workflows/slice-id.js';

/** A job as a person would post it, with what the server adds. */
export function makeJob(changes: Partial<JobDocument> = {}): JobDocument {
  const now = new Date().toISOString();
  return {
    name: 'test job',
    lifecycle: 'once',
    workers: 2,
    operations: [{ _op: 'data_generator' }, { _op: 'noop' }],
    job_id: randomUUID(),
    _context: 'job',
    _created: now,
    _updated: now,
    ...changes,
  };
}

/** A pending execution. */
export function makeExecution(changes: Partial<ExecutionDocument> = {}): ExecutionDocument {
  const now = new Date().toISOString();
  return {
    name: 'test job',
    active: true,
    analytics: false,
    assets: [],
    autorecover: false,
    lifecycle: 'once',
    max_retries: 3,
    operations: [{ _op: 'data_generator' }, { _op: 'noop' }],
    apis: [],
    probation_window: 300_000,
    slicers: 1,
    workers: 2,
    stateful: false,
    job_id: randomUUID(),
    ex_id: randomUUID(),
    _context: 'ex',
    _created: now,
    _updated: now,
    _status: 'pending',
    _has_errors: false,
    _failureReason: '',
    _slicer_stats: {},
    metadata: {},
    teraslice_version: 'v3.18.0',
    ...changes,
  };
}

export function makeCounters(processed: number, failed = 0): Counters {
  return {
    issued: processed,
    completed: processed - failed,
    failed,
    pending: 0,
    running: 0,
    records: [processed, processed],
    times: [1, 1],
    stats: {
      workers_available: 0,
      workers_active: 2,
      workers_joined: 2,
      workers_reconnected: 0,
      workers_disconnected: 0,
      job_duration: 1,
      failed,
      subslices: 0,
      queued: 0,
      slice_range_expansion: 0,
      processed,
      slicers: 1,
      subslice_by_key: 0,
    },
  };
}

/** The ledger of an execution that issued nothing. */
export const makeLedger = (changes: Partial<LedgerSnapshot> = {}): LedgerSnapshot => ({
  issued: 0,
  completed: 0,
  failed: 0,
  recovered: 0,
  pending: [],
  last: [],
  slicerDone: false,
  pages: [],
  recoveredPosition: null,
  recoveredEnd: 0,
  recoverable: null,
  ...changes,
});

/** A slice that failed in an execution. */
export function makeFailure(
  exId: string,
  slice: SliceTuple,
  changes: Partial<FailedSlice> = {},
): FailedSlice {
  const now = new Date().toISOString();
  return {
    ex_id: exId,
    slice_id: sliceId(exId, slice),
    slicer_id: slice[0],
    slicer_order: slice[1],
    request: slice[2],
    state: 'error',
    error: 'TSError: no',
    _created: now,
    _updated: now,
    ...changes,
  };
}

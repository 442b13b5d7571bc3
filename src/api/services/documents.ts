import { v4 as uuidv4 } from 'uuid';
import type { ExecutionDocument, JobDocument, ValidatedJob } from '../../store/types.js';
import { TERASLICE_VERSION } from '../../version.js';

/** What the server writes into a job; a caller's own values for these are dropped. */
const SERVER_JOB_FIELDS = ['job_id', '_context', '_created', '_updated', '_deleted', '_deleted_on'];

/** What the server writes into an execution and must not come from a job or from the execution it recovers. */
const SERVER_EXECUTION_FIELDS = [
  ...SERVER_JOB_FIELDS,
  'ex_id',
  '_status',
  '_has_errors',
  '_failureReason',
  '_slicer_stats',
  'metadata',
  'slicer_hostname',
  'slicer_port',
  'teraslice_version',
  'temposlice_version',
  'recovered_execution',
  'recovered_slice_type',
];

function without<T extends object>(document: T, fields: string[]): T {
  return Object.fromEntries(Object.entries(document).filter(([field]) => !fields.includes(field))) as T;
}

/** A posted job as it is stored: what was posted, no defaults added. `of` is the job that it replaces. */
export function jobDocument(spec: Record<string, unknown>, of?: JobDocument): JobDocument {
  const now = new Date().toISOString();
  return {
    ...without(spec, SERVER_JOB_FIELDS),
    job_id: of?.job_id ?? uuidv4(),
    _context: 'job',
    _created: of?._created ?? now,
    _updated: now,
  };
}

/** The configuration that an execution ran with, to run once more. */
export const configurationOf = (execution: ExecutionDocument): ValidatedJob =>
  without<ValidatedJob>(execution, SERVER_EXECUTION_FIELDS);

/**
 * A new execution. The latest execution of a job is found by its time, so this one's is later than that of
 * `previous`, whatever the clocks of several masters say.
 */
export function executionDocument(
  jobId: string,
  job: ValidatedJob,
  version: string,
  previous?: ExecutionDocument,
): ExecutionDocument {
  const earliest = previous === undefined ? 0 : Date.parse(previous._created) + 1;
  const created = new Date(Math.max(Date.now(), earliest)).toISOString();
  return {
    ...without(job, SERVER_EXECUTION_FIELDS),
    job_id: jobId,
    ex_id: uuidv4(),
    _context: 'ex',
    _created: created,
    _updated: created,
    _status: 'pending',
    _has_errors: false,
    _failureReason: '',
    _slicer_stats: {},
    metadata: {},
    teraslice_version: `v${TERASLICE_VERSION}`,
    temposlice_version: version,
  };
}

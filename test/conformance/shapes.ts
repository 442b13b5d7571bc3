import { z } from 'zod';

/**
 * Keys and types of what the API answers (Teraslice REST API, sections 2 to 9). `looseObject` where documents carry
 * what was posted, or where a server may add fields of its own.
 */
const time = z.iso.datetime();
const count = z.int().min(0);

export const STATUSES = [
  ...['pending', 'scheduling', 'initializing', 'recovering', 'running', 'failing', 'paused', 'stopping'],
  ...['completed', 'stopped', 'rejected', 'failed', 'terminated'],
] as const;

export const root = z.looseObject({
  arch: z.string(),
  clustering_type: z.enum(['native', 'kubernetesV2']),
  name: z.string(),
  node_version: z.string().regex(/^v\d+\./),
  platform: z.string(),
  teraslice_version: z.string().regex(/^v\d+\./),
});

export const job = z.looseObject({
  job_id: z.uuid(),
  _context: z.literal('job'),
  _created: time,
  _updated: time,
});

/** A job as it was posted: nothing is added but these. */
export const jobAsPosted = (...posted: string[]): z.ZodType =>
  z.strictObject({
    job_id: z.uuid(),
    _context: z.literal('job'),
    _created: time,
    _updated: time,
    ...Object.fromEntries(posted.map((key) => [key, z.unknown()])),
  });

export const deletedJob = job.extend({
  _deleted: z.literal(true),
  _deleted_on: time,
  active: z.literal(false),
});

/** What a controller counts; `started` and `queuing_complete` only once they are known. */
const counts = {
  workers_available: count,
  workers_active: count,
  workers_joined: count,
  workers_reconnected: count,
  workers_disconnected: count,
  job_duration: count,
  failed: count,
  subslices: count,
  queued: count,
  slice_range_expansion: count,
  processed: count,
  slicers: count,
  subslice_by_key: count,
};
const dates = { started: time.optional(), queuing_complete: time.optional() };

export const controller = z.looseObject({
  ex_id: z.uuid(),
  job_id: z.uuid(),
  name: z.string(),
  ...counts,
  ...dates,
});

export const execution = z.looseObject({
  job_id: z.uuid(),
  ex_id: z.uuid(),
  _context: z.literal('ex'),
  _created: time,
  _updated: time,
  _status: z.enum(STATUSES),
  _has_errors: z.boolean(),
  _failureReason: z.string(),
  // Filled when the execution ends.
  _slicer_stats: z.union([z.strictObject({}), z.looseObject({ ...counts, ...dates })]),
  metadata: z.looseObject({}),
  teraslice_version: z.string().regex(/^v\d+\./),
  slicer_hostname: z.string().optional(),
  slicer_port: z.int().optional(),
  // The defaults of a job are filled in.
  name: z.string(),
  active: z.boolean(),
  analytics: z.boolean(),
  assets: z.array(z.string().length(40)).nullable(),
  autorecover: z.boolean(),
  lifecycle: z.enum(['once', 'persistent']),
  max_retries: z.int(),
  probation_window: z.int(),
  slicers: z.int(),
  workers: z.int(),
  stateful: z.boolean(),
  apis: z.array(z.looseObject({ _name: z.string() })),
  operations: z.array(
    z.looseObject({
      _op: z.string(),
      _encoding: z.enum(['json', 'raw']),
      _dead_letter_action: z.string(),
    }),
  ),
});

export const endedExecution = execution.extend({ _slicer_stats: z.looseObject({ ...counts, ...dates }) });

export const submitted = z.strictObject({ job_id: z.uuid(), ex_id: z.uuid() });
export const registered = z.strictObject({ job_id: z.uuid() });
export const status = (...statuses: string[]) => z.strictObject({ status: z.enum(statuses) });

/** A failed slice. */
export const failure = z.looseObject({
  slice_id: z.string(),
  slicer_id: count,
  slicer_order: count,
  // As a text.
  request: z.string().startsWith('{'),
  state: z.literal('error'),
  ex_id: z.uuid(),
  _created: time,
  _updated: time,
  error: z.string().min(1),
  retry_count: count.optional(),
});

const numbersOfAll = z.looseObject({
  processed: count,
  failed: count,
  queued: count,
  job_duration: count,
  workers_joined: count,
  workers_disconnected: count,
  workers_reconnected: count,
});
export const clusterStats = z.looseObject({ controllers: numbersOfAll, slicer: numbersOfAll });

/** Of Kubernetes, a node tells no numbers. */
const perhaps = <T extends z.ZodType>(type: T) => z.union([type, z.literal('N/A')]);
const task = z.looseObject({
  worker_id: z.union([z.number(), z.string()]),
  assignment: z.enum(['cluster_master', 'assets_service', 'execution_controller', 'worker']),
  ex_id: z.uuid().optional(),
  job_id: z.uuid().optional(),
  assets: z.array(z.string()).optional(),
});
export const clusterState = z.record(
  z.string(),
  z.looseObject({
    node_id: z.string(),
    hostname: z.string(),
    pid: perhaps(z.int()),
    total: perhaps(count),
    available: perhaps(count),
    node_version: perhaps(z.string().regex(/^v\d+\./)),
    teraslice_version: perhaps(z.string().regex(/^\d+\./)),
    state: z.enum(['connected', 'disconnected']),
    active: z.array(task),
  }),
);

export const uploaded = z.strictObject({ asset_id: z.string().regex(/^[0-9a-f]{40}$/) });
export const asset = z.looseObject({
  id: z.string().regex(/^[0-9a-f]{40}$/),
  name: z.string(),
  version: z.string(),
  _created: time,
  description: z.string().optional(),
  node_version: z.int().optional(),
  platform: z.string().optional(),
  arch: z.string().optional(),
  external_storage: z.enum(['available', 'missing']).optional(),
});

export const listOf = (element: z.ZodType) => z.array(element);
/** A list with so many elements. */
export const exactly = (length: number, element: z.ZodType) => z.array(element).length(length);
export const noneOf = z.array(z.unknown()).length(0);

import { z } from 'zod';

/**
 * Keys and types of what the API answers (Teraslice's `docs/management-apis/endpoints-json.md`). Objects have these
 * keys and no other, but for documents that carry what was posted. Keys that only Temposlice has are those of `ours`: they may be there.
 */
const time = z.iso.datetime();
const count = z.int().min(0);
const version = z.string();
const ours = {
  server: { temposlice_version: version.optional() },
  execution: {
    temposlice_version: version.optional(),
    slice_timeout: count.optional(),
    max_failed_slices: z.union([count, z.string()]).nullish(),
  },
  stats: { records: z.array(count).optional() },
  controller: {
    ...{ issued: count.optional(), completed: count.optional(), pending: count.optional() },
    ...{ records: z.array(count).optional(), times: z.array(z.number().min(0)).optional() },
  },
  failure: { recovered_by: z.uuid().optional() },
};
/** What a job may have only where Kubernetes runs it, where it has defaults, too. */
const kubernetes = {
  targets: z.array(z.unknown()).optional(),
  ephemeral_storage: z.boolean().optional(),
  pod_spec_override: z.looseObject({}).optional(),
  volumes: z.array(z.unknown()).optional(),
};

export const STATUSES = [
  ...['pending', 'scheduling', 'initializing', 'recovering', 'running', 'failing', 'paused', 'stopping'],
  ...['completed', 'stopped', 'rejected', 'failed', 'terminated'],
] as const;

export const root = z.strictObject({
  ...ours.server,
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

export const controller = z.strictObject({
  ...ours.controller,
  ex_id: z.uuid(),
  job_id: z.uuid(),
  name: z.string(),
  ...counts,
  ...dates,
});

const stats = z.strictObject({ ...counts, ...dates, ...ours.stats });

export const execution = z.strictObject({
  ...ours.execution,
  ...kubernetes,
  job_id: z.uuid(),
  ex_id: z.uuid(),
  _context: z.literal('ex'),
  _created: time,
  _updated: time,
  _status: z.enum(STATUSES),
  _has_errors: z.boolean(),
  _failureReason: z.string(),
  // Filled when the execution ends.
  _slicer_stats: z.union([z.strictObject({}), stats]),
  metadata: z.looseObject({}),
  teraslice_version: z.string().regex(/^v\d+\./),
  // Where the controller listens: nothing does so here.
  slicer_hostname: z.string().optional(),
  slicer_port: z.int().optional(),
  recovered_execution: z.uuid().optional(),
  recovered_slice_type: z.enum(['all', 'errors', 'pending']).optional(),
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
  labels: z.record(z.string(), z.unknown()).nullable(),
  env_vars: z.record(z.string(), z.unknown()),
  log_level: z.string().nullable(),
  // Left out where the slicer cannot be built without its surroundings.
  relocatable: z.boolean().optional(),
  apis: z.array(z.looseObject({ _name: z.string() })),
  operations: z.array(
    z.looseObject({
      _op: z.string(),
      _encoding: z.enum(['json', 'raw']),
      _dead_letter_action: z.string(),
    }),
  ),
});

export const endedExecution = execution.extend({ _slicer_stats: stats });
export const deletedExecution = endedExecution.extend({ _deleted: z.literal(true), _deleted_on: time });

export const submitted = z.strictObject({ job_id: z.uuid(), ex_id: z.uuid() });
export const registered = z.strictObject({ job_id: z.uuid() });
export const status = (...statuses: string[]) => z.strictObject({ status: z.enum(statuses) });

/** A failed slice. */
export const failure = z.strictObject({
  ...ours.failure,
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
  // Only if there was one.
  retry_count: z.int().min(1).optional(),
});

const numbersOfAll = z.strictObject({
  processed: count,
  failed: count,
  queued: count,
  job_duration: count,
  workers_joined: count,
  workers_disconnected: count,
  workers_reconnected: count,
});
export const clusterStats = z.strictObject({ controllers: numbersOfAll, slicer: numbersOfAll });

/** Of Kubernetes, a node tells no numbers. */
const perhaps = <T extends z.ZodType>(type: T) => z.union([type, z.literal('N/A')]);
const ofTask = {
  assignment: z.enum(['cluster_master', 'assets_service', 'execution_controller', 'worker']),
  ex_id: z.uuid().optional(),
  job_id: z.uuid().optional(),
};
/** A process, or a pod of Kubernetes, which alone tells its assets. */
const task = z.union([
  z.strictObject({ ...ofTask, worker_id: z.int(), pid: z.int() }),
  z.strictObject({
    ...ofTask,
    worker_id: z.string(),
    assets: z.array(z.string()).optional(),
    ...{ image: z.string().optional(), pod_name: z.string().optional(), pod_ip: z.string().optional() },
  }),
]);
export const clusterState = z.record(
  z.string(),
  z.strictObject({
    ...ours.server,
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
export const asset = z.strictObject({
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

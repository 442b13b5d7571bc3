import { z } from 'zod';
import { count, id, time } from './common.js';

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
const stats = z.object({
  workers_available: count,
  workers_active: count,
  workers_joined: count,
  workers_reconnected: count,
  workers_disconnected: count,
  job_duration: count.describe('Seconds'),
  failed: count,
  subslices: count,
  queued: count,
  slice_range_expansion: count,
  processed: count.describe('Failed slices included'),
  slicers: count,
  subslice_by_key: count,
  started: time.optional(),
  queuing_complete: time.optional(),
  records: z.array(count).optional().describe('Records out of each operation'),
});

/** Of an execution. */
export const slicerStats = stats
  .partial()
  .meta({ id: 'SlicerStats', description: 'Numbers of an execution when it ended; empty until then' });

export const controller = z
  .object({
    ex_id: id,
    job_id: id,
    name: z.string(),
    ...stats.shape,
    issued: count,
    completed: count,
    pending: count,
    records: z.array(count).describe("Records out of each operation; the reader's first"),
    times: z.array(z.number().min(0)).describe('Milliseconds spent in each operation'),
  })
  .meta({ id: 'Controller', description: 'Live numbers of an execution' });

const totals = z
  .object({
    processed: count,
    failed: count,
    queued: count,
    job_duration: count.describe('Seconds'),
    workers_joined: count,
    workers_disconnected: count,
    workers_reconnected: count,
  })
  .meta({ id: 'Totals', description: 'Sums over all executions' });

export const clusterStats = z
  .object({ controllers: totals, slicer: totals.describe('The same') })
  .meta({ id: 'ClusterStats' });

const task = z
  .object({
    worker_id: z.int(),
    assignment: z.enum(['cluster_master', 'assets_service', 'execution_controller', 'worker']),
    pid: z.int(),
    ex_id: id.optional(),
    job_id: id.optional(),
  })
  .meta({ id: 'Task', description: 'One process of a node' });

const node = z
  .object({
    node_id: z.string(),
    hostname: z.string(),
    pid: z.int(),
    node_version: z.string().describe('Of Node'),
    teraslice_version: z.string(),
    temposlice_version: z.string(),
    total: count.describe('Slots'),
    available: count.describe('Slots that are free'),
    state: z.enum(['connected', 'disconnected']),
    active: z.array(task),
  })
  .meta({ id: 'Node' });

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const clusterState = z
  .record(z.string(), node)
  .meta({ id: 'ClusterState', description: 'The nodes, by id' });

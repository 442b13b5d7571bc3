import { z } from 'zod';
import { INIT_STATUSES, RUNNING_STATUSES, TERMINAL_STATUSES } from '../../store/types.js';
import { CLEANUP_TYPES } from '../services/recovery.js';
import { count, id, time } from './common.js';
import { slicerStats } from './statistics.js';

export const status = z
  .enum([...INIT_STATUSES, ...RUNNING_STATUSES, ...TERMINAL_STATUSES])
  .meta({ id: 'ExecutionStatus' });

const operation = z.looseObject({ _op: z.string() }).describe('With the defaults of its schema');
const api = z.looseObject({ _name: z.string() }).describe('With the defaults of its schema');

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const execution = z
  .looseObject({
    job_id: id,
    ex_id: id,
    _context: z.literal('ex'),
    _created: time,
    _updated: time,
    _status: status,
    _has_errors: z.boolean(),
    _failureReason: z.string(),
    _slicer_stats: slicerStats,
    metadata: z.record(z.string(), z.unknown()).describe('What operations have written'),
    teraslice_version: z.string(),
    temposlice_version: z.string().optional(),
    slicer_hostname: z.string().optional(),
    slicer_port: z.int().optional(),
    recovered_execution: id.optional(),
    recovered_slice_type: z.enum(CLEANUP_TYPES).optional(),
    _deleted: z.boolean().optional(),
    _deleted_on: time.optional(),
    name: z.string(),
    active: z.boolean(),
    analytics: z.boolean(),
    assets: z.array(z.string()).nullable().describe('Ids'),
    autorecover: z.boolean(),
    lifecycle: z.enum(['once', 'persistent']),
    max_retries: count,
    operations: z.array(operation),
    apis: z.array(api),
    probation_window: z.number().describe('ms'),
    slicers: count,
    workers: count,
    stateful: z.boolean(),
    log_level: z.string().nullish(),
    slice_timeout: z.number().optional().describe('ms; 0: none'),
    max_failed_slices: z.union([z.int(), z.string()]).nullish(),
  })
  .meta({
    id: 'Execution',
    description:
      'One run of a job: its configuration as it was then, defaults filled in and assets resolved to ids, ' +
      'and what became of it',
  });

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const errorRecord = z
  .object({
    ex_id: id,
    slice_id: z.string(),
    slicer_id: count,
    slicer_order: count,
    request: z.string().describe('JSON'),
    state: z.literal('error'),
    error: z.string().describe('Message, cause chain and stack; at most 2,000 characters'),
    retry_count: count.optional(),
    recovered_by: id.optional().describe('The last execution that took it up again'),
    _created: time,
    _updated: time,
  })
  .meta({ id: 'ErrorRecord', description: 'A failed slice' });

export const ledger = z
  .object({
    ex_id: id,
    job_id: id,
    status,
    issued: count,
    completed: count,
    failed: count,
    pending: count.describe('Issued and not finished'),
    recovered: count.describe('Of those issued, slices that were taken up again'),
    balanced: z.boolean().describe('Whether issued = completed + failed + pending'),
    source: z
      .enum(['report', 'workflow', 'counters'])
      .describe('Who says so: the final report, the workflow, or numbers that may be behind'),
  })
  .meta({ id: 'Ledger', description: 'Where the slices of an execution are' });

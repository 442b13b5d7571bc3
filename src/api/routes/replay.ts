import { z } from 'zod';
import { CodedError, type ErrorCode } from '../../errors.js';
import type { ExecutionRow, ValidatedJob } from '../../store/types.js';
import { FAILED_SLICE_FILTER_FIELDS } from '../../store/fields.js';
import { type Call, operation, type Operation } from '../http/operation.js';
import type { Resources } from '../http/resource.js';
import { count, id } from '../schemas/common.js';
import type { Services } from '../services/index.js';

const replayQuery = z.object({
  filter: z
    .string()
    .trim()
    .min(1)
    .meta({
      description: `Which ones, in Lucene syntax over ${Object.keys(FAILED_SLICE_FILTER_FIELDS).join(', ')}; \`*\`: all`,
    }),
  dry_run: z
    .enum(['true', 'false', ''])
    .optional()
    .transform((value) => value === 'true')
    .meta({ default: 'false', description: 'Only counts them' }),
});
type ReplayCall = Call<z.output<typeof replayQuery>>;

const replayReply = z.union([
  z.object({ job_id: id, ex_id: id.describe('The execution that runs them'), replayed: count }),
  z.object({ job_id: id, ex_id: id, count }).describe('Of a dry run'),
]);

const refusal = ({ path }: z.core.$ZodIssue): CodedError =>
  new CodedError(path[0] === 'dry_run' ? 'BAD_DRY_RUN' : 'REPLAY_WITHOUT_FILTER');

const ERRORS: ErrorCode[] = [
  'REPLAY_WITHOUT_FILTER',
  'BAD_DRY_RUN',
  'BAD_FILTER',
  'FILTER_TOO_SLOW',
  'EX_NOT_FOUND',
  'JOB_ACTIVE',
  'RECOVERY_OVERTAKEN',
  'JOB_DELETED',
  'EX_STILL_ACTIVE',
  'EX_NOT_RECOVERABLE',
  'EX_ENDING',
  'TEMPORAL_UNAVAILABLE',
];

/** Bulk replay of failed slices; not part of Teraslice's API. */
export function replayRoutes(resources: Resources, { executions, jobs, replays, audit }: Services): void {
  const replaying = (
    more: ErrorCode[],
    find: (call: ReplayCall) => Promise<{ row: ExecutionRow; job?: () => Promise<ValidatedJob> }>,
  ): Operation =>
    operation(
      {
        summary: 'Run failed slices again',
        description: 'In their own execution while it is active, else in a new one that ends after them.',
        query: replayQuery,
        failure: refusal,
        reply: replayReply,
        errors: [...ERRORS, ...more],
      },
      async (call) => {
        const { row, job } = await find(call);
        const { filter, dry_run } = call.query();
        const { ex_id, job_id } = row.doc;
        if (dry_run) return { job_id, ex_id, count: await replays.count(row, filter) };
        const replay = await replays.replay(row, filter, job);
        await audit('_replay', { job_id, ex_id }, { filter, ...replay });
        return replay;
      },
    );

  resources.add('/ex/:ex_id/errors/_replay', {
    post: replaying([], async ({ param }) => ({ row: await executions.row(param('ex_id')) })),
  });

  resources.add('/jobs/:job_id/errors/_replay', {
    post: replaying(['NO_EXECUTION', 'JOB_NOT_FOUND', 'JOB_INVALID'], async ({ param }) => {
      const jobId = param('job_id');
      const row = await executions.latestOf(jobId);
      return { row, job: () => jobs.validated(jobId, 'recovered') };
    }),
  });
}

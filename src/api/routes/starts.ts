import { z } from 'zod';
import { CodedError, type ErrorCode } from '../../errors.js';
import { always, type Call, operation, type Operation } from '../http/operation.js';
import { given } from '../http/parameters.js';
import type { Resources } from '../http/resource.js';
import { submission } from '../schemas/common.js';
import type { Services } from '../services/index.js';
import { CLEANUP_TYPES } from '../services/recovery.js';

const cleanupType = z.preprocess(given, z.enum(CLEANUP_TYPES).optional());
const recoverQuery = z.object({
  cleanup_type: cleanupType.meta({
    description:
      'Which slices are run again: `errors`, those that failed; `pending`, those that were not begun; `all`, both and ' +
      'what was begun. The execution ends after them. Without it, it goes on with its slicer',
  }),
  cleanup: cleanupType.meta({ description: 'The same' }),
});

const RECOVER_ERRORS = [
  'BAD_CLEANUP_TYPE',
  'EX_NOT_FOUND',
  'JOB_DELETED',
  'EX_STILL_ACTIVE',
  'JOB_ACTIVE',
  'RECOVERY_OVERTAKEN',
  'EX_NOT_RECOVERABLE',
  'TEMPORAL_UNAVAILABLE',
] as const;

/** What makes another execution of a job. */
export function startRoutes(resources: Resources, { jobs, executions, audit }: Services): void {
  resources.add('/jobs/:job_id/_start', {
    post: operation(
      {
        summary: 'Run a job once more',
        description: 'One with `autorecover` goes on where its latest execution ended.',
        reply: submission,
        errors: [
          'JOB_ACTIVE',
          'JOB_NOT_FOUND',
          'JOB_DELETED',
          'JOB_INVALID',
          'EX_STILL_ACTIVE',
          'RECOVERY_OVERTAKEN',
          'EX_NOT_RECOVERABLE',
          'TEMPORAL_UNAVAILABLE',
        ],
      },
      async ({ param }) => {
        const submitted = await jobs.start(param('job_id'));
        await audit('_start', submitted);
        return submitted;
      },
    ),
  });

  const recovering = (
    summary: string,
    errors: ErrorCode[],
    recover: (
      call: Call<unknown>,
      cleanup?: (typeof CLEANUP_TYPES)[number],
    ) => Promise<z.input<typeof submission>>,
  ): Operation =>
    operation(
      {
        summary,
        query: recoverQuery,
        failure: always(() => new CodedError('BAD_CLEANUP_TYPE')),
        reply: submission,
        errors: [...RECOVER_ERRORS, ...errors],
      },
      async (call) => {
        const query = call.query();
        const cleanup = query.cleanup_type ?? query.cleanup;
        const submitted = await recover(call, cleanup);
        await audit('_recover', submitted, { cleanup });
        return submitted;
      },
    );

  resources.add('/jobs/:job_id/_recover', {
    post: recovering(
      'Go on where the latest execution ended, with the job as it is now',
      ['JOB_NOT_FOUND', 'NOTHING_TO_RECOVER', 'JOB_INVALID'],
      ({ param }, cleanup) => jobs.recover(param('job_id'), cleanup),
    ),
  });

  resources.add('/ex/:ex_id/_recover', {
    post: recovering(
      'Go on where an execution ended, with its own configuration',
      [],
      async ({ param }, cleanup) => {
        const old = await executions.row(param('ex_id'));
        const { ex_id } = await executions.recover(old, cleanup && { cleanup });
        return { job_id: old.doc.job_id, ex_id };
      },
    ),
  });
}

import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { CodedError } from '../../errors.js';
import type { ExecutionRow, ValidatedJob } from '../../store/types.js';
import { readQuery } from '../http/parameters.js';
import { pathParameter, resource } from '../http/resource.js';
import type { Services } from '../services/index.js';

const replayQuery = z.object({
  filter: z.string().trim().min(1),
  dry_run: z
    .enum(['true', 'false', ''])
    .optional()
    .transform((value) => value === 'true'),
});

const refusal = ({ path }: z.core.$ZodIssue): CodedError =>
  new CodedError(path[0] === 'dry_run' ? 'BAD_DRY_RUN' : 'REPLAY_WITHOUT_FILTER');

/** Bulk replay of failed slices; not part of Teraslice's API. */
export function replayRoutes(router: Router, { executions, jobs, replays, audit }: Services): void {
  async function answer(
    request: Request,
    response: Response,
    row: ExecutionRow,
    job?: () => Promise<ValidatedJob>,
  ): Promise<void> {
    const { filter, dry_run } = readQuery(replayQuery, request.query, refusal);
    const { ex_id, job_id } = row.doc;
    if (dry_run) {
      response.json({ job_id, ex_id, count: await replays.count(row, filter) });
      return;
    }
    const replay = await replays.replay(row, filter, job);
    await audit('_replay', { job_id, ex_id }, { filter, ...replay });
    response.json(replay);
  }

  resource(router, '/ex/:ex_id/errors/_replay', {
    async post(request, response) {
      await answer(request, response, await executions.row(pathParameter(request, 'ex_id')));
    },
  });

  resource(router, '/jobs/:job_id/errors/_replay', {
    async post(request, response) {
      const jobId = pathParameter(request, 'job_id');
      const row = await executions.latestOf(jobId);
      await answer(request, response, row, () => jobs.validated(jobId, 'recovered'));
    },
  });
}

import type { Request, Router } from 'express';
import { z } from 'zod';
import type { ApiDependencies } from '../dependencies.js';
import { jobBody } from '../http/bodies.js';
import { exQuery, jobListQuery, readQuery } from '../http/parameters.js';
import { pathParameter, resource } from '../http/resource.js';
import type { Services } from '../services/index.js';

const submitQuery = z.object({
  start: z
    .unknown()
    .optional()
    .transform((value) => value !== 'false'),
});

const jobSpec = z.record(z.string(), z.unknown());

/** The job as posted; undefined if the body is no object. */
const specOf = (request: Request): Record<string, unknown> | undefined =>
  jobSpec.safeParse(request.body).success ? (request.body as Record<string, unknown>) : undefined;

const jobId = (request: Request): string => pathParameter(request, 'job_id');

/** Jobs: submit, read, list, change, delete. What runs of them: `control.ts` and `executions.ts`. */
export function jobRoutes(
  router: Router,
  { jobs, executions, audit }: Services,
  { settings }: ApiDependencies,
): void {
  const body = jobBody(settings.maxBodyBytes);

  resource(
    router,
    '/jobs',
    {
      async get(request, response) {
        const { ex, ...query } = readQuery(jobListQuery, request.query);
        const list = await jobs.list(query);
        response.json(ex === undefined ? list : await jobs.withExecutions(list, ex));
      },
      async post(request, response) {
        const submission = await jobs.submit(specOf(request), readQuery(submitQuery, request.query).start);
        await audit('submit', submission);
        response.json(submission);
      },
    },
    ...body,
  );

  resource(
    router,
    '/jobs/:job_id',
    {
      async get(request, response) {
        const { ex } = readQuery(exQuery, request.query);
        const job = await jobs.get(jobId(request));
        response.json(ex === undefined ? job : (await jobs.withExecutions([job], ex))[0]);
      },
      async put(request, response) {
        const job = await jobs.update(jobId(request), specOf(request));
        await audit('update', { job_id: job.job_id });
        response.json(job);
      },
      async delete(request, response) {
        const job = await jobs.remove(jobId(request));
        await audit('delete', { job_id: job.job_id });
        response.json(job);
      },
    },
    ...body,
  );

  for (const active of [true, false]) {
    const verb = active ? '_active' : '_inactive';
    resource(router, `/jobs/:job_id/${verb}`, {
      async post(request, response) {
        const job = await jobs.setActive(jobId(request), active);
        await audit(verb, { job_id: job.job_id });
        response.json(job);
      },
    });
  }

  resource(router, '/jobs/:job_id/ex', {
    async get(request, response) {
      response.json((await executions.latestOf(jobId(request))).doc);
    },
  });
}

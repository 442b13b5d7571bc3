import type { Request } from 'express';
import { z } from 'zod';
import { JOB_FIELDS, JOB_FILTER_FIELDS } from '../../store/fields.js';
import type { ApiDependencies } from '../dependencies.js';
import { jobBody } from '../http/bodies.js';
import { listOperation, operation } from '../http/operation.js';
import { activeQuery, deletedQuery, exQuery, listQuery } from '../http/parameters.js';
import type { Resources } from '../http/resource.js';
import { submission } from '../schemas/common.js';
import { execution } from '../schemas/executions.js';
import { job as jobReply } from '../schemas/jobs.js';
import type { Services } from '../services/index.js';

const submitQuery = z.object({
  start: z
    .unknown()
    .optional()
    .transform((value) => value !== 'false')
    .meta({ type: 'boolean', default: true, description: 'Whether to run it at once' }),
});

const jobListQuery = deletedQuery
  .extend(listQuery(JOB_FIELDS, JOB_FILTER_FIELDS).shape)
  .extend(activeQuery.shape)
  .extend(exQuery.shape);

/** The job as posted; undefined if there is no body. An array is an object, too: one without operations. */
const specOf = ({ body }: Request): Record<string, unknown> | undefined =>
  body === undefined ? undefined : { ...(body as object) };

/** Jobs: submit, read, list, change, delete. What runs of them: `control.ts` and `executions.ts`. */
export function jobRoutes(
  resources: Resources,
  { jobs, executions, audit }: Services,
  { settings }: ApiDependencies,
): void {
  const body = jobBody(settings.maxBodyBytes);

  resources.add(
    '/jobs',
    {
      get: listOperation(
        {
          summary: 'List jobs',
          query: jobListQuery,
          reply: jobReply,
          errors: ['BAD_LIST_PARAMETER', 'BAD_SORT', 'BAD_FILTER', 'FILTER_TOO_SLOW', 'BAD_DELETED_OPTION'],
        },
        ({ query }) => {
          const { ex, ...rest } = query();
          const list = jobs.list(rest);
          return ex === undefined ? list : jobs.withExecutions(list, ex);
        },
      ),
      post: operation(
        {
          summary: 'Submit a job, and run it',
          description: 'The answer is there when it is stored; it runs as soon as there is room.',
          query: submitQuery,
          body: 'job',
          reply: submission,
          errors: ['NO_JOB_POSTED', 'JOB_ID_ON_SUBMIT', 'JOB_INVALID', 'JSON_TOO_DEEP'],
        },
        async ({ request, query }) => {
          const submitted = await jobs.submit(specOf(request), query().start);
          await audit('submit', submitted);
          return submitted;
        },
      ),
    },
    ...body,
  );

  resources.add(
    '/jobs/:job_id',
    {
      get: operation(
        {
          summary: 'Read a job',
          description: 'Deleted ones, too.',
          query: exQuery,
          reply: jobReply,
          errors: ['JOB_NOT_FOUND'],
        },
        async ({ query, param }) => {
          const { ex } = query();
          const job = await jobs.get(param('job_id'));
          return ex === undefined ? job : jobs.withExecution(job, ex);
        },
      ),
      put: operation(
        {
          summary: 'Replace a job',
          description: 'Executions that run keep the configuration that they have.',
          body: 'job',
          reply: jobReply,
          errors: ['EMPTY_UPDATE', 'JOB_NOT_FOUND', 'JOB_DELETED', 'JOB_INVALID', 'JSON_TOO_DEEP'],
        },
        async ({ request, param }) => {
          const job = await jobs.update(param('job_id'), specOf(request));
          await audit('update', { job_id: job.job_id });
          return job;
        },
      ),
      delete: operation(
        {
          summary: 'Delete a job and its executions',
          description: 'They can still be read by their ids, and are in lists with `deleted=true`.',
          reply: jobReply,
          errors: ['JOB_NOT_FOUND', 'JOB_RUNNING', 'JOB_ALREADY_DELETED'],
        },
        async ({ param }) => {
          const job = await jobs.remove(param('job_id'));
          await audit('delete', { job_id: job.job_id });
          return job;
        },
      ),
    },
    ...body,
  );

  for (const active of [true, false]) {
    const verb = active ? '_active' : '_inactive';
    resources.add(`/jobs/:job_id/${verb}`, {
      post: operation(
        {
          summary: `Mark a job as ${active ? '' : 'not '}in use`,
          description: 'This has no effect on executions.',
          reply: jobReply,
          errors: ['JOB_NOT_FOUND', 'JOB_DELETED', ...(active ? (['JOB_INVALID'] as const) : [])],
        },
        async ({ param }) => {
          const job = await jobs.setActive(param('job_id'), active);
          await audit(verb, { job_id: job.job_id });
          return job;
        },
      ),
    });
  }

  resources.add('/jobs/:job_id/ex', {
    get: operation(
      { summary: 'Read the latest execution of a job', reply: execution, errors: ['NO_EXECUTION'] },
      async ({ param }) => (await executions.latestOf(param('job_id'))).doc,
    ),
  });
}

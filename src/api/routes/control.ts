import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { CodedError } from '../../errors.js';
import { readQuery } from '../http/parameters.js';
import { abandoned, pathParameter, resource } from '../http/resource.js';
import type { WorkerChange } from '../services/control.js';
import type { Services } from '../services/index.js';
import { CLEANUP_TYPES } from '../services/recovery.js';

const stopQuery = z.object({
  blocking: z
    .unknown()
    .optional()
    .transform((value) => value === undefined || value === 'true'),
  force: z
    .unknown()
    .optional()
    .transform((value) => value === 'true'),
  timeout: z.preprocess(
    (value) => (value === '' ? undefined : value),
    z.coerce.number().positive().max(2_147_483_647).optional(),
  ),
});

const cleanupType = z.preprocess(
  (value) => (value === '' ? undefined : value),
  z.enum(CLEANUP_TYPES).optional(),
);
const recoverQuery = z.object({ cleanup_type: cleanupType, cleanup: cleanupType });

/** The columns of the store are 32 bits wide. */
const workerCount = z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(1).max(2_147_483_647));
const workersQuery = z.object({
  add: workerCount.optional(),
  remove: workerCount.optional(),
  total: workerCount.optional(),
});

const settingsQuery = z.object({ log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']) });

/** One of `add`, `remove`, `total`; of several the last one counts. */
function workerChange(request: Request): WorkerChange {
  const query = readQuery(workersQuery, request.query, () => new CodedError('BAD_WORKERS'));
  const kind = Object.keys(request.query).findLast(
    (key) => key === 'add' || key === 'remove' || key === 'total',
  );
  if (kind === undefined) throw new CodedError('BAD_WORKERS');
  return { [kind]: query[kind as keyof typeof query] } as WorkerChange;
}

type FindExecution = (request: Request) => Promise<string>;
type Verb = (exId: string, request: Request, response: Response) => Promise<unknown>;

/** Verbs: what is wanted of a job or of one of its executions. */
export function controlRoutes(router: Router, { jobs, executions, control, audit }: Services): void {
  const latestOfJob: FindExecution = async (request) =>
    (await executions.latestOf(pathParameter(request, 'job_id'))).doc.ex_id;
  const named: FindExecution = async (request) => pathParameter(request, 'ex_id');

  const verb = (path: string, find: FindExecution, name: string, act: Verb): void =>
    resource(router, `${path}/${name}`, {
      async post(request, response) {
        const exId = await find(request);
        const reply = await act(exId, request, response);
        await audit(name, { ex_id: exId }, reply);
        response.json(reply);
      },
    });

  for (const [path, find] of [
    ['/jobs/:job_id', latestOfJob],
    ['/ex/:ex_id', named],
  ] as const) {
    verb(path, find, '_stop', async (exId, request, response) => {
      const { blocking, force, timeout } = readQuery(
        stopQuery,
        request.query,
        (_issue, value) => new CodedError('BAD_TIMEOUT', { value }),
      );
      const status = await control.stop(
        exId,
        { blocking, force },
        { timeout, abandoned: abandoned(response) },
      );
      return force ? { message: `Force stop complete for exId ${exId}`, status } : { status };
    });

    verb(path, find, '_pause', async (exId, _request, response) => ({
      status: await control.pause(exId, { abandoned: abandoned(response) }),
    }));

    verb(path, find, '_resume', async (exId, _request, response) => ({
      status: await control.resume(exId, { abandoned: abandoned(response) }),
    }));

    verb(path, find, '_workers', async (exId, request) => {
      const { action, workers } = await control.setWorkers(exId, workerChange(request));
      return { message: `${workers} workers have been ${action} for execution: ${exId}` };
    });
  }

  verb('/jobs/:job_id', latestOfJob, '_settings', async (exId, request) => {
    const { log_level: level } = readQuery(
      settingsQuery,
      request.query,
      (_issue, value) => new CodedError('BAD_LOG_LEVEL', { level: value }),
    );
    await control.setLogLevel(exId, level);
    return { exId, level };
  });

  resource(router, '/jobs/:job_id/_start', {
    async post(request, response) {
      const submission = await jobs.start(pathParameter(request, 'job_id'));
      await audit('_start', submission);
      response.json(submission);
    },
  });

  const cleanupOf = (request: Request): (typeof CLEANUP_TYPES)[number] | undefined => {
    const query = readQuery(recoverQuery, request.query, () => new CodedError('BAD_CLEANUP_TYPE'));
    return query.cleanup_type ?? query.cleanup;
  };

  resource(router, '/jobs/:job_id/_recover', {
    async post(request, response) {
      const cleanup = cleanupOf(request);
      const submission = await jobs.recover(pathParameter(request, 'job_id'), cleanup);
      await audit('_recover', submission, { cleanup });
      response.json(submission);
    },
  });

  resource(router, '/ex/:ex_id/_recover', {
    async post(request, response) {
      const cleanup = cleanupOf(request);
      const old = await executions.row(pathParameter(request, 'ex_id'));
      const { ex_id } = await executions.recover(old, cleanup && { cleanup });
      const submission = { job_id: old.doc.job_id, ex_id };
      await audit('_recover', submission, { cleanup });
      response.json(submission);
    },
  });
}

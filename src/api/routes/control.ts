import type { Request } from 'express';
import { z } from 'zod';
import { CodedError } from '../../errors.js';
import { MAX_WORKERS } from '../../store/types.js';
import { abandoned, always, type Call, operation, type Operation } from '../http/operation.js';
import { given } from '../http/parameters.js';
import type { Resources } from '../http/resource.js';
import { id, message } from '../schemas/common.js';
import { status } from '../schemas/executions.js';
import type { WorkerChange } from '../services/control.js';
import type { Services } from '../services/index.js';

/** Values of a flag that say no; any other that is not empty says yes. */
const NO = new Set(['false', '0', 'no']);

const stopQuery = z.object({
  blocking: z
    .unknown()
    .optional()
    .transform((value) => value === undefined || value === 'true')
    .meta({ type: 'boolean', default: true, description: 'Whether the answer waits for the end' }),
  force: z
    .unknown()
    .optional()
    .transform((value) => Boolean(value) && !NO.has(String(value).toLowerCase()))
    .meta({
      type: 'boolean',
      default: false,
      description: 'Kills the processes at once; nothing is flushed',
    }),
  timeout: z.preprocess(
    (value) => (given(value) === undefined ? undefined : Number(value)),
    z
      .number()
      .positive()
      .max(2_147_483_647)
      .optional()
      .describe('Longest time until the answer, in ms. Default: `--action-timeout`'),
  ),
});

const workerCount = z.preprocess(
  (value) => (typeof value === 'string' ? Number(value) : value),
  z.int().min(1).max(MAX_WORKERS).optional(),
);
const workersQuery = z.object({ add: workerCount, remove: workerCount, total: workerCount });

const settingsQuery = z.object({ log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']) });
const settings = z.object({ exId: id, level: settingsQuery.shape.log_level });

const settled = z.object({ status });
const stopped = z.union([settled, message.extend({ status }).describe('With `force=true`')]);

/** One of `add`, `remove`, `total`; of several the last one counts. */
function workerChange(request: Request, query: z.output<typeof workersQuery>): WorkerChange {
  const kind = Object.keys(request.query).findLast(
    (key) => key === 'add' || key === 'remove' || key === 'total',
  );
  if (kind === undefined) throw new CodedError('BAD_WORKERS');
  return { [kind]: query[kind as keyof typeof query] } as WorkerChange;
}

const ACTION_ERRORS = ['EX_NOT_ACTIVE', 'TIMED_OUT', 'TEMPORAL_UNAVAILABLE'] as const;
type FindExecution = (call: Call<unknown>) => Promise<string>;

/** What is wanted of an execution, or of the latest one of a job. */
export function controlRoutes(resources: Resources, { executions, control, audit }: Services): void {
  const latestOfJob: FindExecution = async ({ param }) =>
    (await executions.latestOf(param('job_id'))).doc.ex_id;
  const named: FindExecution = async ({ param }) => param('ex_id');

  for (const [path, find, missing] of [
    ['/jobs/:job_id', latestOfJob, 'NO_EXECUTION'],
    ['/ex/:ex_id', named, 'EX_NOT_FOUND'],
  ] as const) {
    resources.add(`${path}/_stop`, {
      post: operation(
        {
          summary: 'Stop',
          description: 'What has ended keeps its status.',
          query: stopQuery,
          failure: always((value) => new CodedError('BAD_TIMEOUT', { value })),
          reply: stopped,
          errors: [missing, 'BAD_TIMEOUT', 'TIMED_OUT', 'TEMPORAL_UNAVAILABLE'],
        },
        async (call) => {
          const exId = await find(call);
          const { blocking, force, timeout } = call.query();
          const end = await control.stop(
            exId,
            { blocking, force },
            { timeout, abandoned: abandoned(call.response) },
          );
          const reply = force
            ? { message: `Force stop complete for exId ${exId}`, status: end }
            : { status: end };
          await audit('_stop', { ex_id: exId }, reply);
          return reply;
        },
      ),
    });

    const settling = (verb: 'pause' | 'resume', summary: string): Operation =>
      operation(
        {
          summary,
          description:
            'The answer is the settled status: of several callers at the same time, what the last one wanted.',
          reply: settled,
          errors: [missing, ...ACTION_ERRORS, 'ILLEGAL_STATUS'],
        },
        async (call) => {
          const exId = await find(call);
          const reply = { status: await control[verb](exId, { abandoned: abandoned(call.response) }) };
          await audit(`_${verb}`, { ex_id: exId }, reply);
          return reply;
        },
      );
    resources.add(`${path}/_pause`, { post: settling('pause', 'Pause') });
    resources.add(`${path}/_resume`, { post: settling('resume', 'Go on after a pause') });

    resources.add(`${path}/_workers`, {
      post: operation(
        {
          summary: 'Change the number of workers',
          description: 'One of the parameters must be there; of several the last one counts.',
          query: workersQuery,
          failure: always(() => new CodedError('BAD_WORKERS')),
          reply: message,
          errors: [missing, ...ACTION_ERRORS, 'BAD_WORKERS', 'TOO_MANY_REMOVED'],
        },
        async (call) => {
          const exId = await find(call);
          const change = workerChange(call.request, call.query());
          const { action, workers } = await control.setWorkers(exId, change);
          const reply = { message: `${workers} workers have been ${action} for execution: ${exId}` };
          await audit('_workers', { ex_id: exId }, reply);
          return reply;
        },
      ),
    });
  }

  resources.add('/jobs/:job_id/_settings', {
    post: operation(
      {
        summary: 'Change the log level of the latest execution',
        query: settingsQuery,
        failure: always((level) => new CodedError('BAD_LOG_LEVEL', { level })),
        reply: settings,
        errors: ['NO_EXECUTION', ...ACTION_ERRORS, 'BAD_LOG_LEVEL'],
      },
      async (call) => {
        const exId = await latestOfJob(call);
        const { log_level: level } = call.query();
        await control.setLogLevel(exId, level);
        const reply = { exId, level };
        await audit('_settings', { ex_id: exId }, reply);
        return reply;
      },
    ),
  });
}

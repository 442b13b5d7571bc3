import { z } from 'zod';
import type { ErrorCode } from '../../errors.js';
import {
  EXECUTION_FIELDS,
  FAILED_SLICE_FIELDS,
  FAILED_SLICE_FILTER_FIELDS,
  EXECUTION_FILTER_FIELDS,
} from '../../store/fields.js';
import type { ExecutionRow } from '../../store/types.js';
import type { ApiDependencies } from '../dependencies.js';
import { type Call, listOperation, operation } from '../http/operation.js';
import { deletedQuery, listQuery, names } from '../http/parameters.js';
import type { Resources } from '../http/resource.js';
import { errorRecord, execution, ledger } from '../schemas/executions.js';
import { controller } from '../schemas/statistics.js';
import type { Services } from '../services/index.js';
import { ledgerReport } from '../services/ledger.js';
import { controllerOf } from '../services/statistics.js';

const exListQuery = deletedQuery.extend(listQuery(EXECUTION_FIELDS, EXECUTION_FILTER_FIELDS).shape).extend({
  status: names
    .transform((statuses = '') =>
      statuses
        .split(',')
        .map((status) => status.trim())
        .filter((status) => status !== ''),
    )
    .meta({ type: 'string', description: 'Statuses, separated by commas; empty: all' }),
});

const errorListQuery = listQuery(FAILED_SLICE_FIELDS, FAILED_SLICE_FILTER_FIELDS);

const LIST_ERRORS = ['BAD_LIST_PARAMETER', 'BAD_SORT', 'BAD_FILTER', 'FILTER_TOO_SLOW'] as const;

type Find = (call: Call<unknown>) => Promise<ExecutionRow>;

/** Executions: read, list, their failed slices and live numbers. */
export function executionRoutes(
  resources: Resources,
  { executions }: Services,
  { store, engine }: ApiDependencies,
): void {
  const latestOfJob: Find = ({ param }) => executions.latestOf(param('job_id'));
  const named: Find = ({ param }) => executions.row(param('ex_id'));

  resources.add('/ex', {
    get: listOperation(
      {
        summary: 'List executions',
        query: exListQuery,
        reply: execution,
        errors: [...LIST_ERRORS, 'BAD_DELETED_OPTION'],
      },
      ({ query }) => {
        const { status, ...rest } = query();
        return executions.list({ ...rest, statuses: status });
      },
    ),
  });

  const errorsOf = (
    summary: string,
    errors: readonly ErrorCode[],
    find: (call: Call<unknown>) => Promise<{ ex_id?: string }>,
  ) =>
    listOperation({ summary, query: errorListQuery, reply: errorRecord, errors }, async (call) => {
      const query = call.query();
      return executions.errors({ ...query, ...(await find(call)) });
    });

  // Ahead of /ex/:ex_id, which would take `errors` for an id.
  resources.add('/ex/errors', {
    get: errorsOf('List failed slices of all executions', LIST_ERRORS, async () => ({})),
  });

  resources.add('/ex/:ex_id', {
    get: operation(
      { summary: 'Read an execution', reply: execution, errors: ['EX_NOT_FOUND'] },
      async (call) => (await named(call)).doc,
    ),
  });

  resources.add('/ex/:ex_id/errors', {
    get: errorsOf('List failed slices of an execution', LIST_ERRORS, async ({ param }) => ({
      ex_id: param('ex_id'),
    })),
  });

  resources.add('/jobs/:job_id/errors', {
    get: errorsOf(
      "List failed slices of a job's latest execution",
      [...LIST_ERRORS, 'NO_EXECUTION'],
      async (call) => ({ ex_id: (await latestOfJob(call)).doc.ex_id }),
    ),
  });

  const liveOf: Find = ({ param }) => executions.rowOfController(param('ex_id'));
  for (const [path, find, findLive, missing] of [
    ['/jobs/:job_id', latestOfJob, latestOfJob, 'NO_EXECUTION'],
    ['/ex/:ex_id', named, liveOf, 'EX_NOT_FOUND'],
  ] as const) {
    resources.add(`${path}/ledger`, {
      get: operation(
        {
          summary: 'Where the slices of an execution are',
          reply: ledger,
          errors: [missing, 'TEMPORAL_UNAVAILABLE'],
        },
        async (call) => ledgerReport({ engine }, await find(call)),
      ),
    });

    resources.add([`${path}/slicer`, `${path}/controller`], {
      get: operation(
        {
          summary: 'Live numbers of an execution',
          reply: z.array(controller).length(1),
          errors: [...(findLive === find ? [missing] : []), 'NO_ACTIVE_SLICER'],
        },
        async (call) => [await controllerOf(store, await findLive(call))],
      ),
    });
  }
}

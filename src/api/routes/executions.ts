import type { Request, Router } from 'express';
import { z } from 'zod';
import type { ExecutionRow } from '../../store/types.js';
import type { ApiDependencies } from '../dependencies.js';
import { deletedQuery, listQuery, readQuery } from '../http/parameters.js';
import { pathParameter, resource } from '../http/resource.js';
import type { Services } from '../services/index.js';
import { ledgerReport } from '../services/ledger.js';
import { controllerOf } from '../services/statistics.js';

const exListQuery = listQuery.extend(deletedQuery.shape).extend({
  status: z
    .string()
    .default('')
    .transform((statuses) =>
      statuses
        .split(',')
        .map((status) => status.trim())
        .filter((status) => status !== ''),
    ),
});

/** Executions: read, list, their failed slices and live numbers. */
export function executionRoutes(
  router: Router,
  { executions }: Services,
  { store, engine }: ApiDependencies,
): void {
  resource(router, '/ex', {
    async get(request, response) {
      const { status, ...query } = readQuery(exListQuery, request.query);
      response.json(await executions.list({ ...query, statuses: status }));
    },
  });

  // Ahead of /ex/:ex_id, which would take `errors` for an id.
  resource(router, '/ex/errors', {
    async get(request, response) {
      response.json(await executions.errors(readQuery(listQuery, request.query)));
    },
  });

  resource(router, '/ex/:ex_id', {
    async get(request, response) {
      response.json((await executions.row(pathParameter(request, 'ex_id'))).doc);
    },
  });

  resource(router, '/ex/:ex_id/errors', {
    async get(request, response) {
      const query = readQuery(listQuery, request.query);
      response.json(await executions.errors({ ...query, ex_id: pathParameter(request, 'ex_id') }));
    },
  });

  resource(router, '/jobs/:job_id/errors', {
    async get(request, response) {
      const query = readQuery(listQuery, request.query);
      const { doc } = await executions.latestOf(pathParameter(request, 'job_id'));
      response.json(await executions.errors({ ...query, ex_id: doc.ex_id }));
    },
  });

  for (const [path, find] of [
    ['/jobs/:job_id', (request: Request) => executions.latestOf(pathParameter(request, 'job_id'))],
    ['/ex/:ex_id', (request: Request) => executions.row(pathParameter(request, 'ex_id'))],
  ] as const) {
    resource(router, `${path}/ledger`, {
      async get(request, response) {
        response.json(await ledgerReport({ engine }, await find(request)));
      },
    });
  }

  const controller = (path: string, find: (request: Request) => Promise<ExecutionRow>): void =>
    resource(router, [`${path}/slicer`, `${path}/controller`], {
      async get(request, response) {
        response.json([await controllerOf(store, await find(request))]);
      },
    });
  controller('/jobs/:job_id', (request) => executions.latestOf(pathParameter(request, 'job_id')));
  controller('/ex/:ex_id', (request) => executions.rowOfController(pathParameter(request, 'ex_id')));
}

import type { RequestHandler } from 'express';
import { z } from 'zod';
import {
  EXECUTION_FIELDS,
  JOB_FIELDS,
  EXECUTION_FILTER_FIELDS,
  JOB_FILTER_FIELDS,
} from '../../store/fields.js';
import type { ErrorCode } from '../../errors.js';
import type { Pages } from '../../store/types.js';
import type { ApiDependencies } from '../dependencies.js';
import { type Call, operation, type Operation } from '../http/operation.js';
import { activeQuery, deletedQuery, listQuery, pagingQuery, tableQuery } from '../http/parameters.js';
import type { Resources } from '../http/resource.js';
import { tableOf, type TableOptions } from '../http/table.js';
import { clusterState } from '../services/cluster-state.js';
import type { Services } from '../services/index.js';
import { controllers } from '../services/statistics.js';
import { assetQuery, assetsOf } from './assets.js';

const WORKERS = ['assignment', 'job_id', 'ex_id', 'node_id', 'pid'];
const NODES = ['node_id', 'state', 'hostname', 'total', 'active', 'pid', 'teraslice_version', 'node_version'];
const JOBS = ['job_id', 'name', 'active', 'lifecycle', 'slicers', 'workers', '_created', '_updated'];
const EXECUTIONS = [
  'name',
  'lifecycle',
  'slicers',
  'workers',
  '_status',
  'ex_id',
  'job_id',
  '_created',
  '_updated',
];
const CONTROLLERS = [
  'name',
  'job_id',
  'workers_available',
  'workers_active',
  'failed',
  'queued',
  'processed',
];
const ASSETS = ['name', 'version', 'id', '_created', 'description', 'node_version', 'platform', 'arch'];
/** Characters of an asset's description that are shown. */
const DESCRIPTION = 30;

const LIST_ERRORS = [
  'BAD_LIST_PARAMETER',
  'BAD_SORT',
  'BAD_FILTER',
  'FILTER_TOO_SLOW',
  'BAD_DELETED_OPTION',
] as const;

/** What is not listed from the store: `size` is the index to end before, as it is in Teraslice. */
const sliceOf = <T>(rows: T[], { from = 0, size = 100 }: { from?: number; size?: number }): T[] =>
  rows.slice(from, size);

/** When something was deleted is of interest where deleted things are shown. */
const withDeletion = (columns: string[], { deleted }: { deleted: boolean }): string[] =>
  deleted ? [...columns, '_deleted_on'] : columns;

/** The content type is Teraslice's; with this no browser takes what is in a table for a page of ours. */
const sandbox: RequestHandler = (_request, response, next) => {
  response.set('Content-Security-Policy', "default-src 'none'; sandbox");
  next();
};

/** A table of what `pages` reads; `query` is what that takes beside the parameters of all tables. */
function table<Q extends z.ZodObject>(
  summary: string,
  query: Q,
  errors: readonly ErrorCode[],
  pages: (call: Call<z.output<Q>>) => Pages<object>,
  options: (query: z.output<Q>) => TableOptions,
): Operation {
  const shown = query.extend(tableQuery.shape);
  const spec = { summary, query: shown, reply: z.string(), media: 'text/html' };
  return operation({ ...spec, errors: [...errors, 'TABLE_TOO_LARGE'] }, async (call) => {
    const values = call.query() as z.output<Q> & z.output<typeof tableQuery>;
    return tableOf(pages({ ...call, query: () => values }), values, options(values));
  });
}

/** Lists as text, for people. Without a version in the path. */
export function tableRoutes(
  resources: Resources,
  { jobs, executions, assets }: Services,
  { store, version }: ApiDependencies,
): void {
  const add = (path: string | string[], get: Operation): void => resources.add(path, { get }, sandbox);
  const live = (summary: string, columns: string[], all: () => Promise<object[]>): Operation =>
    table(
      summary,
      pagingQuery.extend({ size: pagingQuery.shape.size.meta({ description: 'Index to end before' }) }),
      ['BAD_LIST_PARAMETER'],
      async function* ({ query }) {
        const range = query();
        yield sliceOf(await all(), range);
      },
      () => ({ columns }),
    );

  add(
    '/txt/workers',
    live('Table of processes on nodes that are connected', WORKERS, async () =>
      Object.values(await clusterState(store, version))
        .filter(({ state }) => state === 'connected')
        .flatMap(({ node_id, hostname, active }) => active.map((task) => ({ ...task, node_id, hostname }))),
    ),
  );

  add(
    '/txt/nodes',
    live('Table of nodes', NODES, async () =>
      Object.values(await clusterState(store, version)).map((node) => ({
        ...node,
        active: node.active.length,
      })),
    ),
  );

  add(
    '/txt/jobs',
    table(
      'Table of jobs',
      deletedQuery.extend(listQuery(JOB_FIELDS, JOB_FILTER_FIELDS).shape).extend(activeQuery.shape),
      LIST_ERRORS,
      ({ query }) => jobs.list(query()),
      (query) => ({ columns: withDeletion(JOBS, query) }),
    ),
  );

  add(
    '/txt/ex',
    table(
      'Table of executions',
      deletedQuery.extend(listQuery(EXECUTION_FIELDS, EXECUTION_FILTER_FIELDS).shape),
      LIST_ERRORS,
      ({ query }) => executions.list({ ...query(), statuses: [] }),
      (query) => ({ columns: withDeletion(EXECUTIONS, query) }),
    ),
  );

  add(
    ['/txt/assets', '/txt/assets/:name', '/txt/assets/:name/:version'],
    table(
      'Table of assets',
      assetQuery,
      ['BAD_LIST_PARAMETER', 'BAD_SORT'],
      async function* (call) {
        yield (await assetsOf({ assets }, call)).map((asset) => ({
          ...asset,
          ...(asset.description !== undefined && { description: asset.description.slice(0, DESCRIPTION) }),
        }));
      },
      () => ({ columns: ASSETS, missing: '' }),
    ),
  );

  add(
    ['/txt/controllers', '/txt/slicers'],
    live('Table of live numbers', CONTROLLERS, () => controllers(store)),
  );
}

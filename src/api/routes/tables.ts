import type { Request, Router } from 'express';
import type { z } from 'zod';
import type { ApiDependencies } from '../dependencies.js';
import { deletedQuery, jobListQuery, listQuery, readQuery } from '../http/parameters.js';
import { resource } from '../http/resource.js';
import { sendTable } from '../http/table.js';
import { clusterState } from '../services/cluster-state.js';
import type { Services } from '../services/index.js';
import { controllers } from '../services/statistics.js';
import { assetsOf } from './assets.js';

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

/** What is not listed from the store: `size` is the index to end before, as it is in Teraslice. */
const sliceOf = <T>(rows: T[], { from = 0, size = 100 }: { from?: number; size?: number }): T[] =>
  rows.slice(from, size);

const exTableQuery = listQuery.extend(deletedQuery.shape);

/** When something was deleted is of interest where deleted things are shown. */
const withDeletion = (columns: string[], { deleted }: { deleted: boolean }): string[] =>
  deleted ? [...columns, '_deleted_on'] : columns;

/** Lists as text, for people. Without a version in the path. */
export function tableRoutes(
  router: Router,
  { jobs, executions, assets }: Services,
  { store, version }: ApiDependencies,
): void {
  const paging = (request: Request): z.output<typeof listQuery> => readQuery(listQuery, request.query);

  resource(router, '/txt/workers', {
    async get(request, response) {
      const nodes = Object.values(await clusterState(store, version));
      const rows = nodes
        .filter(({ state }) => state === 'connected')
        .flatMap(({ node_id, hostname, active }) => active.map((task) => ({ ...task, node_id, hostname })));
      sendTable(request, response, sliceOf(rows, paging(request)), { columns: WORKERS });
    },
  });

  resource(router, '/txt/nodes', {
    async get(request, response) {
      const rows = Object.values(await clusterState(store, version)).map((node) => ({
        ...node,
        active: node.active.length,
      }));
      sendTable(request, response, sliceOf(rows, paging(request)), { columns: NODES });
    },
  });

  resource(router, '/txt/jobs', {
    async get(request, response) {
      const { ex: _ex, ...query } = readQuery(jobListQuery, request.query);
      sendTable(request, response, await jobs.list(query), { columns: withDeletion(JOBS, query) });
    },
  });

  resource(router, '/txt/ex', {
    async get(request, response) {
      const query = readQuery(exTableQuery, request.query);
      const rows = await executions.list({ ...query, statuses: [] });
      sendTable(request, response, rows, { columns: withDeletion(EXECUTIONS, query) });
    },
  });

  resource(router, ['/txt/assets', '/txt/assets/:name', '/txt/assets/:name/:version'], {
    async get(request, response) {
      const rows = (await assetsOf({ assets }, request)).map((asset) => ({
        ...asset,
        ...(asset.description !== undefined && { description: asset.description.slice(0, DESCRIPTION) }),
      }));
      sendTable(request, response, rows, { columns: ASSETS, missing: '' });
    },
  });

  resource(router, ['/txt/controllers', '/txt/slicers'], {
    async get(request, response) {
      const rows = sliceOf(await controllers(store), paging(request));
      sendTable(request, response, rows, { columns: CONTROLLERS });
    },
  });
}

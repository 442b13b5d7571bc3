import type { Router } from 'express';
import type { ApiDependencies } from '../dependencies.js';
import { resource } from '../http/resource.js';
import { clusterState } from '../services/cluster-state.js';
import { controllers } from '../services/statistics.js';

/** The cluster as a whole: nodes with what they host, and the numbers of all running executions. */
export function clusterRoutes(router: Router, { store, version }: ApiDependencies): void {
  resource(router, '/cluster/state', {
    async get(_request, response) {
      response.json(await clusterState(store, version));
    },
  });

  resource(router, '/cluster/stats', {
    async get(_request, response) {
      const totals = { ...(await store.executions.clusterTotals()), workers_reconnected: 0 };
      response.json({ controllers: totals, slicer: totals });
    },
  });

  resource(router, ['/cluster/controllers', '/cluster/slicers'], {
    async get(_request, response) {
      response.json(await controllers(store));
    },
  });
}

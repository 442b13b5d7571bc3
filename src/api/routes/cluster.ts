import { z } from 'zod';
import type { ApiDependencies } from '../dependencies.js';
import { operation } from '../http/operation.js';
import type { Resources } from '../http/resource.js';
import { clusterState as clusterStateReply, clusterStats, controller } from '../schemas/statistics.js';
import { clusterState } from '../services/cluster-state.js';
import { controllers } from '../services/statistics.js';

/** The cluster as a whole: nodes with what they host, and the numbers of all running executions. */
export function clusterRoutes(resources: Resources, { store, version }: ApiDependencies): void {
  resources.add('/cluster/state', {
    get: operation({ summary: 'Nodes, and the processes on them', reply: clusterStateReply }, () =>
      clusterState(store, version),
    ),
  });

  resources.add('/cluster/stats', {
    get: operation({ summary: 'Sums over all executions', reply: clusterStats }, async () => {
      const totals = { ...(await store.executions.clusterTotals()), workers_reconnected: 0 };
      return { controllers: totals, slicer: totals };
    }),
  });

  resources.add(['/cluster/controllers', '/cluster/slicers'], {
    get: operation(
      {
        summary: 'Live numbers of all executions that run',
        description: 'By name and start, descending.',
        reply: z.array(controller),
      },
      () => controllers(store),
    ),
  });
}

import type { SlicerStats, Store } from '../store/types.js';

/** The workflow's numbers with those that only placement knows: which workers there were. */
export async function statisticsOfHosts(
  store: Store,
  exId: string,
  stats: SlicerStats,
): Promise<SlicerStats> {
  const workers = (await store.placement.hostsOf(exId)).filter(({ kind }) => kind === 'worker');
  const joined = workers.filter(({ pid }) => pid !== null);
  const live = joined.filter(({ state }) => state === 'live');
  return {
    ...stats,
    workers_joined: joined.length,
    workers_disconnected: joined.filter(({ outcome }) => outcome === 'lost').length,
    workers_active: live.filter(({ busy }) => busy).length,
    workers_available: live.filter(({ busy }) => !busy).length,
  };
}

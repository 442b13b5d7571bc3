import type { Store } from '../store/types.js';

/**
 * A recovered execution starts when every host of the old one is reported gone: before that, slices could
 * be worked on twice at the same time.
 * @throws Error while one is not; asked again by Temporal
 */
export async function oldHostsGone(store: Store, exId: string): Promise<void> {
  const hosts = await store.placement.liveHosts({ ex_id: exId });
  if (hosts.length > 0) throw new Error(`${hosts.length} hosts of execution ${exId} have not ended yet`);
}

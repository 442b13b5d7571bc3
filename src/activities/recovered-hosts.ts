import type { HostRow, Store } from '../store/types.js';

/**
 * Whether a host has certainly ended: it was reported so, or its node has been silent for longer than it
 * takes a node that is cut off to end its hosts.
 */
export function isGone(host: HostRow, fenceTimeout: number): boolean {
  if (host.state !== 'ended') return false;
  return host.outcome !== 'silent' || Date.now() - Date.parse(host.updated) > fenceTimeout;
}

/**
 * A recovered execution starts when every host of the old one is gone: before that, slices could be worked
 * on twice at the same time.
 * @throws Error while one is not; asked again by Temporal
 */
export async function oldHostsGone(store: Store, exId: string, fenceTimeout: number): Promise<void> {
  const hosts = await store.placement.hostsOf(exId);
  const left = hosts.filter((host) => !isGone(host, fenceTimeout)).length;
  if (left > 0) throw new Error(`${left} hosts of execution ${exId} may still be there`);
}

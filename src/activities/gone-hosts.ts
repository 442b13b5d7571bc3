import type { ExecutionDocument, HostRow, Store } from '../store/types.js';

/**
 * Whether a host has certainly ended: it was reported so, or its node has been silent for longer than it
 * takes a node that is cut off to end its hosts.
 */
export function isGone(host: HostRow, fenceTimeout: number): boolean {
  if (host.state !== 'ended') return false;
  return host.outcome !== 'silent' || Date.now() - Date.parse(host.updated) > fenceTimeout;
}

/**
 * A recovered execution starts when every host is gone of the old one and of those that recovered it before:
 * until then, slices could be worked on twice at the same time.
 * @throws Error while one is not; asked again by Temporal
 */
export async function oldHostsGone(
  store: Store,
  { ex_id: exId, recovered_execution: old }: Pick<ExecutionDocument, 'ex_id' | 'recovered_execution'>,
  fenceTimeout: number,
): Promise<void> {
  if (old === undefined) return;
  const since = await store.executions.recoveredSince(old);
  for (const before of [old, ...since.map(({ doc }) => doc.ex_id).filter((id) => id !== exId)]) {
    const hosts = await store.placement.hostsOf(before);
    const left = hosts.filter((host) => !isGone(host, fenceTimeout)).length;
    if (left > 0) throw new Error(`${left} hosts of execution ${before} may still be there`);
  }
}

import type { HostProcess } from './host-process.js';

/**
 * Leases that a node may hold: one for each host that can take one, and another that waits behind each whose lease
 * is about to end, so that no host is idle for a round trip. A lease may start when no host is left, and says so.
 */
export function leaseCapacity(hosts: HostProcess[]): number {
  const able = hosts.filter((host) => host.counts);
  return able.length + able.filter((host) => host.leases.wantsNext).length;
}

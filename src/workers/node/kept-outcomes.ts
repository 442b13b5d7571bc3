import type { HostLeases } from './host-leases.js';
import type { HostProcess } from './host-process.js';

/**
 * Where the outcomes of slices that outlasted their lease are found, also after their host has ended: until
 * the execution leaves the node.
 */
export class KeptOutcomes {
  private readonly leases = new Map<string, { exId: string; leases: HostLeases }>();

  remember(hosts: HostProcess[]): void {
    for (const host of hosts) {
      if (host.kind === 'worker') this.leases.set(host.id, { exId: host.exId, leases: host.leases });
    }
  }

  of(hostId: string): HostLeases | undefined {
    return this.leases.get(hostId)?.leases;
  }

  forgetExcept(executions: Set<string>): void {
    for (const [id, { exId }] of this.leases) if (!executions.has(exId)) this.leases.delete(id);
  }
}

import type { HostLeases } from './host-leases.js';
import type { HostProcess } from './host-process.js';

type Host = Pick<HostProcess, 'id' | 'exId'> & { leases: Pick<HostLeases, 'overtime' | 'outcomeOf'> };

/**
 * Where the outcomes of slices that outlasted their lease are found, also after their host has ended: until
 * the execution leaves the node. Nothing is kept of hosts that never had such a slice: in a long execution hosts come and go.
 */
export class KeptOutcomes {
  private readonly leases = new Map<string, { exId: string; leases: Host['leases'] }>();

  /** To be told whenever a host has gone into overtime. */
  remember(hosts: Host[]): void {
    for (const { id, exId, leases } of hosts) if (leases.overtime) this.leases.set(id, { exId, leases });
  }

  of(hostId: string): Host['leases'] | undefined {
    return this.leases.get(hostId)?.leases;
  }

  forgetExcept(executions: Set<string>): void {
    for (const [id, { exId }] of this.leases) if (!executions.has(exId)) this.leases.delete(id);
  }
}

import type { HostLeases } from './host-leases.js';
import type { HostProcess } from './host-process.js';
import type { SliceOutcomes } from './slice-outcomes.js';

type Host = Pick<HostProcess, 'id' | 'exId'> & { leases: Pick<HostLeases, 'overtime' | 'outcomes'> };

/**
 * Where the outcomes of slices that outlasted their lease are found, also after their host has ended: until
 * the execution leaves the node. Nothing else is kept of a host: in a long execution hosts come and go.
 */
export class KeptOutcomes {
  private readonly hosts = new Map<string, { exId: string; outcomes: SliceOutcomes }>();

  /** To be told whenever a host has gone into overtime. */
  remember(hosts: Host[]): void {
    for (const { id, exId, leases } of hosts) {
      if (leases.overtime) this.hosts.set(id, { exId, outcomes: leases.outcomes });
    }
  }

  of(hostId: string): SliceOutcomes | undefined {
    return this.hosts.get(hostId)?.outcomes;
  }

  forgetExcept(executions: Set<string>): void {
    for (const [id, { exId }] of this.hosts) if (!executions.has(exId)) this.hosts.delete(id);
  }
}

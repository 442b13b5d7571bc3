import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { EXECUTION_STATUSES, type Store } from '../store/types.js';

export interface Metrics {
  contentType: string;
  /** Metrics in Prometheus' text format, as things are now. */
  read(): Promise<string>;
}

/**
 * Metrics of this process, and of the cluster as the store knows it when they are read: each master
 * answers the same, so they are gauges to take the maximum of, not counters to be summed.
 */
export function createMetrics(store: Store): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name: `temposlice_${name}`, help, labelNames, registers: [registry] });

  const executions = gauge('executions', 'Executions by status', 'status');
  const slices = gauge('slices', 'Slices of all executions that ended, by outcome', 'outcome');
  const nodes = gauge('nodes', 'Nodes that are known');
  const slots = gauge('slots', 'Worker slots of all nodes by use', 'use');
  const hosts = gauge('hosts', 'Processes that host operations, by kind and state', 'kind', 'state');

  return {
    contentType: registry.contentType,
    async read() {
      const [totals, known, live] = await Promise.all([
        store.executions.totals(),
        store.placement.nodes(),
        store.placement.liveHosts(),
      ]);
      for (const status of EXECUTION_STATUSES) executions.set({ status }, totals.statuses[status] ?? 0);
      slices.set({ outcome: 'completed' }, totals.processed - totals.failed);
      slices.set({ outcome: 'failed' }, totals.failed);
      nodes.set(known.length);
      const used = live.filter(({ kind }) => kind === 'worker').length;
      const total = known.reduce((sum, node) => sum + node.slots, 0);
      slots.set({ use: 'used' }, used);
      slots.set({ use: 'free' }, Math.max(0, total - used));
      hosts.reset();
      for (const { kind, state } of live) hosts.inc({ kind, state });
      return registry.metrics();
    },
  };
}

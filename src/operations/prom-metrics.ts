import { createRequire } from 'node:module';
import type {
  Counter,
  Gauge,
  Histogram,
  MetricObjectWithValues,
  MetricValue,
  Registry,
  Summary,
} from 'prom-client';
import type * as PromClient from 'prom-client';
import type { Terafoundation } from '@terascope/types';

/**
 * The foundation's metrics API.
 *
 *   off ──init() with metrics enabled──▶ running ──shutdown()──▶ off
 *
 * Off, which is the default, `verifyAPI()` says so, and everything else may be called without effect. Running, metrics are
 * kept in a registry of this process; its node reads them from here, and serves those of all its hosts.
 */

/** Metrics of one process as data, as `AggregatorRegistry.aggregate` takes them. */
export type MetricsData = Array<MetricObjectWithValues<MetricValue<string>>>;

export interface OperationMetrics {
  api: Terafoundation.PromMetrics;
  /** What was measured so far; nothing while off. */
  read(): Promise<MetricsData>;
}

type Metric = Counter | Gauge | Histogram | Summary;
type Library = typeof PromClient;

interface Running {
  library: Library;
  registry: Registry;
  prefix: string;
  labels: Record<string, string>;
  metrics: Map<string, { kind: 'gauge' | 'counter' | 'histogram' | 'summary'; metric: Metric }>;
}

/** Which kinds of metrics have a function. */
const KINDS = {
  set: ['gauge'],
  inc: ['gauge', 'counter'],
  dec: ['gauge'],
  observe: ['histogram', 'summary'],
};

export function createPromMetrics(
  logger: { info(message: string): void; warn(message: string): void },
  /** Labels of every metric beside those of `init`. */
  ownLabels: Record<string, string>,
): OperationMetrics {
  let running: Running | undefined;

  const apply = (
    what: keyof typeof KINDS,
    name: string,
    labels: Record<string, string>,
    value: number,
  ): void => {
    if (!running) return;
    const entry = running.metrics.get(name);
    if (!entry) throw new Error(`Metric ${name} is not setup`);
    if (!KINDS[what].includes(entry.kind)) throw new Error(`${what} not available on ${name} metric`);
    const child = entry.metric.labels({ ...labels, ...running.labels } as never);
    (child as unknown as Record<typeof what, (value: number) => void>)[what](value);
  };

  const add = (
    kind: 'gauge' | 'counter' | 'histogram' | 'summary',
    name: string,
    help: string,
    labelNames: string[],
    collect: unknown,
    more: object = {},
  ): void => {
    if (!running) return;
    if (running.metrics.has(name)) return logger.info(`metric ${name} already defined in metric list`);
    const { library, registry, prefix, labels, metrics } = running;
    const configuration = {
      name: prefix + name,
      help,
      labelNames: [...labelNames, ...Object.keys(labels)],
      registers: [registry],
      ...(typeof collect === 'function' ? { collect: collect as () => void } : {}),
      ...more,
    };
    const make = { gauge: 'Gauge', counter: 'Counter', histogram: 'Histogram', summary: 'Summary' } as const;
    metrics.set(name, { kind, metric: new library[make[kind]](configuration) });
  };

  const api: Terafoundation.PromMetrics = {
    async init(config) {
      if (running) throw new Error('Prom metrics API cannot be initialized more than once.');
      if (!(config.job_prom_metrics_enabled ?? config.tf_prom_metrics_enabled)) {
        logger.warn('Cannot create PromMetricsAPI because metrics are disabled.');
        return false;
      }
      // Not loaded where nobody measures anything.
      const library = createRequire(import.meta.url)('prom-client') as Library;
      const registry = new library.Registry();
      const prefix = config.prefix ?? `teraslice_${config.assignment}_`;
      const url = config.prom_metrics_display_url;
      const labels = { name: config.terasliceName, url, ...config.labels, ...ownLabels };
      running = { library, registry, prefix, labels, metrics: new Map() };
      if (config.job_prom_metrics_add_default ?? config.tf_prom_metrics_add_default) {
        library.collectDefaultMetrics({ register: registry, prefix, labels });
      }
      return true;
    },
    set: (name, labels, value) => apply('set', name, labels, value),
    inc: (name, labels, value = 1) => apply('inc', name, labels, value),
    dec: (name, labels, value = 1) => apply('dec', name, labels, value),
    observe: (name, labels, value) => apply('observe', name, labels, value),
    addGauge: async (name, help, labels, collect) => add('gauge', name, help, labels, collect),
    addCounter: async (name, help, labels, collect) => add('counter', name, help, labels, collect),
    addHistogram: async (name, help, labels, collect, buckets = [0.1, 5, 15, 50, 100, 500]) =>
      add('histogram', name, help, labels, collect, { buckets }),
    addSummary: async (
      name,
      help,
      labels,
      collect,
      maxAgeSeconds = 600,
      ageBuckets = 5,
      percentiles = [0.01, 0.1, 0.9, 0.99],
    ) => add('summary', name, help, labels, collect, { maxAgeSeconds, ageBuckets, percentiles }),
    hasMetric: (name) => running?.metrics.has(name) ?? false,
    async deleteMetric(name) {
      if (!running) return false;
      if (!running.metrics.delete(name)) throw new Error(`metric ${name} not defined in metric list`);
      running.registry.removeSingleMetric(running.prefix + name);
      return true;
    },
    verifyAPI: () => running !== undefined,
    resetMetrics: () => running?.registry.resetMetrics(),
    async shutdown() {
      running?.registry.clear();
      running = undefined;
    },
    getDefaultLabels: () => running?.labels ?? {},
  };
  return {
    api,
    read: async () => ((await running?.registry.getMetricsAsJSON()) ?? []) as unknown as MetricsData,
  };
}

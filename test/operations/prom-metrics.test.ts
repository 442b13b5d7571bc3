import { createPromMetrics } from '../../src/operations/prom-metrics.js';

const lines: string[] = [];
const logger = {
  info: (text: string) => void lines.push(text),
  warn: (text: string) => void lines.push(text),
};
beforeEach(() => void lines.splice(0));

const config = (more: object = {}) =>
  ({
    terasliceName: 'cluster',
    assignment: 'worker',
    tf_prom_metrics_enabled: true,
    tf_prom_metrics_add_default: false,
    tf_prom_metrics_port: 3333,
    prom_metrics_display_url: 'http://here',
    labels: { ex_id: 'ex' },
    ...more,
  }) as never;

async function running(more?: object) {
  const metrics = createPromMetrics(logger, { worker_id: 'w1' });
  expect(await metrics.api.init(config(more))).toBe(true);
  return metrics;
}
const valuesOf = async (metrics: Awaited<ReturnType<typeof running>>, name: string) =>
  (await metrics.read()).find((metric) => metric.name === name)?.values;

it('may be called without effect while metrics are off', async () => {
  const { api, read } = createPromMetrics(logger, {});
  expect(await api.init(config({ tf_prom_metrics_enabled: false }))).toBe(false);
  expect(lines).toEqual(['Cannot create PromMetricsAPI because metrics are disabled.']);
  expect(await api.init(config({ job_prom_metrics_enabled: false }))).toBe(false);
  await api.addCounter('a', 'b', []);
  api.inc('a', {}, 1);
  expect([api.verifyAPI(), api.hasMetric('a'), await api.deleteMetric('a'), await read()]).toEqual([
    false,
    false,
    false,
    [],
  ]);
});

it('counts, sets and observes, with the labels of the process', async () => {
  const metrics = await running();
  const { api } = metrics;
  await api.addCounter('done', 'slices', ['kind']);
  await api.addGauge('size', 'records', []);
  await api.addHistogram('time', 'ms', [], undefined, [10, 100]);
  await api.addSummary('share', 'of all', []);
  await api.addGauge('collected', 'when read', [], function collect(this: {
    set(l: object, v: number): void;
  }) {
    this.set({ ...api.getDefaultLabels() }, 9);
  } as never);
  api.inc('done', { kind: 'a' }, 2);
  api.inc('done', { kind: 'a' }, undefined as never);
  api.set('size', {}, 5);
  api.dec('size', {}, 1);
  api.observe('time', {}, 50);
  api.observe('share', {}, 0.5);
  const labels = { name: 'cluster', url: 'http://here', ex_id: 'ex', worker_id: 'w1' };
  expect(api.getDefaultLabels()).toEqual(labels);
  expect(await valuesOf(metrics, 'teraslice_worker_done')).toEqual([
    { value: 3, labels: { kind: 'a', ...labels } },
  ]);
  expect(await valuesOf(metrics, 'teraslice_worker_size')).toEqual([{ value: 4, labels }]);
  expect(await valuesOf(metrics, 'teraslice_worker_collected')).toEqual([{ value: 9, labels }]);
  expect(await valuesOf(metrics, 'teraslice_worker_time')).toContainEqual(
    expect.objectContaining({ value: 1, labels: { le: 100, ...labels } }),
  );
  expect(await valuesOf(metrics, 'teraslice_worker_share')).toContainEqual(
    expect.objectContaining({ metricName: 'teraslice_worker_share_sum', value: 0.5 }),
  );
});

it('says what cannot be done', async () => {
  const { api } = await running();
  await api.addCounter('a', 'b', []);
  await api.addCounter('a', 'b', []);
  expect(lines).toEqual(['metric a already defined in metric list']);
  expect(() => api.set('a', {}, 1)).toThrow('set not available on a metric');
  expect(() => api.observe('a', {}, 1)).toThrow('observe not available on a metric');
  expect(() => api.inc('b', {}, 1)).toThrow('Metric b is not setup');
  await expect(api.deleteMetric('b')).rejects.toThrow('metric b not defined in metric list');
  await expect(api.init(config())).rejects.toThrow('cannot be initialized more than once');
});

it('forgets a metric, resets all, and is off after shutdown', async () => {
  const metrics = await running({ prefix: 'mine_', job_prom_metrics_add_default: true });
  const { api } = metrics;
  expect((await metrics.read()).map(({ name }) => name)).toContain('mine_process_cpu_seconds_total');
  await api.addCounter('a', 'b', []);
  api.inc('a', {}, 1);
  api.resetMetrics();
  expect((await valuesOf(metrics, 'mine_a'))?.every(({ value }) => value === 0)).toBe(true);
  expect(await api.deleteMetric('a')).toBe(true);
  expect(await valuesOf(metrics, 'mine_a')).toBeUndefined();
  await api.shutdown();
  expect([api.verifyAPI(), await metrics.read()]).toEqual([false, []]);
});

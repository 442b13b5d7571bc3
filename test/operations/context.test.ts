import { createContext, type ContextOptions } from '../../src/operations/context.js';

const make = (more: Partial<ContextOptions> = {}) =>
  createContext({
    assignment: 'worker',
    assetsDirectory: '/assets',
    clusterName: 'cluster',
    hostId: 'host-1',
    logDestination: { write: () => undefined },
    logLevel: 'info',
    shutdownTimeout: 1234,
    ...more,
  });

it('looks like the context of a Teraslice process', () => {
  const { context } = make();
  expect(context).toMatchObject({
    name: 'teraslice',
    assignment: 'worker',
    platform: process.platform,
    arch: process.arch,
    cluster: { worker: { id: 'host-1' } },
    sysconfig: {
      terafoundation: { environment: 'production', connectors: {} },
      teraslice: {
        name: 'cluster',
        assets_directory: '/assets',
        shutdown_timeout: 1234,
        cluster_manager_type: 'native',
      },
    },
  });
  expect(context.sysconfig._nodeName).toContain('host-1');
});

it('shows operations what the configuration file says, below what is in force', () => {
  const { context } = make({
    foundation: {
      terafoundation: { environment: 'test', log_level: 'trace', logging: null },
      teraslice: { hostname: 'here', name: 'other', assets_directory: '/other', workers: 12 },
      connectors: { memory: { default: { size: 1 } } },
    },
  });
  expect(context.sysconfig).toMatchObject({
    terafoundation: {
      environment: 'test',
      log_level: 'info',
      logging: ['console'],
      connectors: { memory: { default: { size: 1 } } },
      prom_metrics_enabled: false,
    },
    teraslice: { hostname: 'here', name: 'cluster', assets_directory: '/assets', workers: 12, port: 5678 },
  });
});

it('has one emitter of system events, and metrics that are off', async () => {
  const { foundation } = make().context.apis;
  expect(foundation.getSystemEvents()).toBe(foundation.getSystemEvents());
  expect(foundation.promMetrics.verifyAPI()).toBe(false);
  await expect(foundation.promMetrics.addCounter('a', 'b', [])).resolves.toBeUndefined();
  foundation.promMetrics.inc('a', {}, 1);
  expect(foundation.promMetrics.hasMetric('a')).toBe(false);
});

it('takes an API once', () => {
  const { context } = make();
  const api = {};
  context.apis.registerAPI('mine', api);
  expect((context.apis as unknown as Record<string, unknown>).mine).toBe(api);
  expect(() => context.apis.registerAPI('mine', {})).toThrow('can only occur once');
});

import { createContext, type ContextOptions } from '../../src/operations/context.js';
import { Directories, writeTree } from './support/directories.js';

const directories = new Directories();
afterAll(() => directories.clean());

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
    name: 'cluster',
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

describe('createClient', () => {
  let previous: string;
  beforeAll(() => {
    previous = process.cwd();
    const project = directories.make();
    writeTree(project, {
      'package.json': '{}',
      'node_modules/memory/package.json': JSON.stringify({ main: 'index.cjs' }),
      'node_modules/memory/index.cjs': `
        let made = 0;
        exports.config_schema = () => ({ size: { default: 10 }, host: { default: 'nowhere' } });
        exports.createClient = async (config, logger) => {
          if (config.broken) throw new Error('cannot connect');
          return { client: { number: ++made, config }, logger };
        };`,
      'node_modules/terafoundation_old_connector/package.json': JSON.stringify({ main: 'index.cjs' }),
      'node_modules/terafoundation_old_connector/index.cjs': `
        exports.create = (config) => ({ old: true, config });`,
      'node_modules/empty/package.json': JSON.stringify({ main: 'index.cjs' }),
      'node_modules/empty/index.cjs': '',
    });
    process.chdir(project);
  });
  afterAll(() => process.chdir(previous));

  const connectors = {
    memory: { default: { host: 'here' }, other: {}, faulty: { broken: true } },
    old: { default: { a: 1 } },
    empty: { default: {} },
  };
  const client = async (type: string, endpoint?: string, cached?: boolean) =>
    (await make({ connectors }).context.apis.foundation.createClient({ type, endpoint, cached } as never))
      .client as unknown;

  it('connects with the configuration of the endpoint and the defaults of the connector', async () => {
    expect(await client('memory')).toMatchObject({ config: { host: 'here', size: 10 } });
    expect(await client('memory', 'other')).toMatchObject({ config: { host: 'nowhere', size: 10 } });
    expect(await client('old')).toEqual({ old: true, config: { a: 1 } });
  });

  it('keeps a client for cached requests only', async () => {
    const { foundation } = make({ connectors }).context.apis;
    const get = async (cached: boolean) =>
      (await foundation.createClient({ type: 'memory', endpoint: 'default', cached })).client as unknown;
    const first = await get(true);
    expect(await get(true)).toBe(first);
    expect(await get(false)).not.toBe(first);
  });

  it('says what is missing', async () => {
    await expect(client('unheard-of')).rejects.toThrow('No connection configuration found for unheard-of');
    await expect(client('memory', 'nope')).rejects.toThrow('No memory endpoint configuration found for nope');
    await expect(client('memory', 'faulty', true)).rejects.toThrow('cannot connect');
    await expect(client('empty')).rejects.toThrow(
      /Could not find connector implementation for: empty \(empty has no createClient function; /,
    );
    await expect(client('toString')).rejects.toThrow('No connection configuration found');
  });
});

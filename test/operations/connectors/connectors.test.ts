import { clientFactory, connectionFactory } from '../../../src/operations/connectors/clients.js';
import { checkConnectors } from '../../../src/operations/connectors/validation.js';
import { Directories, writeTree } from '../support/directories.js';

const directories = new Directories();
const logger = { info: () => undefined };
const packageOf = (name: string, code: string): Record<string, string> => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ main: 'index.cjs' }),
  [`node_modules/${name}/index.cjs`]: code,
});

let previous: string;
beforeAll(() => {
  previous = process.cwd();
  const project = directories.make();
  writeTree(project, {
    'package.json': '{}',
    ...packageOf(
      'memory',
      `let made = 0;
      exports.config_schema = () => ({
        size: { default: 10, format: 'positive_int' },
        host: { default: 'nowhere', format: String },
        wait: { default: '5 seconds', format: 'duration' },
        certificate: { default: null, format: 'optional_string' },
        strict: { default: null, format: Boolean },
        inner: { key: { default: '', format: String } },
      });
      exports.validate_config = (config, sysconfig) => {
        if (config.size > sysconfig.limit) throw new Error('size is above the limit of ' + sysconfig.limit);
      };
      exports.createClient = async (config, logger) => {
        if (config.broken) throw new Error('cannot connect');
        return { client: { number: ++made, config }, logger };
      };`,
    ),
    ...packageOf(
      'terafoundation_old_connector',
      'let n = 0; exports.create = (config) => ({ old: ++n, config });',
    ),
    ...packageOf('terafoundation-dashed-connector', 'exports.default = { create: () => "dashed" };'),
    ...packageOf('@terascope/scoped', 'exports.default = { create: () => "scoped" };'),
    ...packageOf('empty', ''),
    ...packageOf('unschooled', 'exports.createClient = async () => ({});'),
    ...packageOf('throws', 'throw new Error("no such library");'),
  });
  process.chdir(project);
});
afterAll(() => {
  process.chdir(previous);
  directories.clean();
});

const connectors = {
  memory: { default: { host: 'here' }, other: {}, faulty: { broken: true } },
  old: { default: { a: 1 } },
  dashed: { default: {} },
  scoped: { default: {} },
  empty: { default: {} },
  missing: { default: {} },
};

describe('createClient', () => {
  const client = async (type: string, endpoint?: string, cached?: boolean) =>
    (await clientFactory(connectors, logger)({ type, endpoint, cached } as never)).client;

  it('connects with the configuration of the endpoint, by default that named default', async () => {
    expect(await client('memory')).toMatchObject({ config: { host: 'here' } });
    expect(await client('memory', 'other')).toMatchObject({ config: {} });
  });

  it('finds packages by each of the names that Teraslice tries', async () => {
    expect(await client('old')).toMatchObject({ config: { a: 1 } });
    expect(await client('dashed')).toBe('dashed');
    expect(await client('scoped')).toBe('scoped');
  });

  it('keeps a client for cached requests only', async () => {
    const create = clientFactory(connectors, logger);
    const get = async (cached: boolean, endpoint?: string) =>
      (await create({ type: 'memory', endpoint, cached } as never)).client;
    const first = await get(true);
    expect(await get(true, 'default')).toBe(first);
    expect(await get(false)).not.toBe(first);
    expect(await get(true, 'other')).not.toBe(first);
    expect(await get(true)).toBe(first);
  });

  it('tries again after a failure, also for cached requests', async () => {
    const faulty = { memory: { default: { broken: true } as Record<string, unknown> } };
    const create = clientFactory(faulty, logger);
    await expect(create({ type: 'memory', cached: true })).rejects.toThrow('cannot connect');
    faulty.memory.default = {};
    await expect(create({ type: 'memory', cached: true })).resolves.toBeDefined();
  });

  it.each([
    ['unheard-of', undefined, 'No connection configuration found for unheard-of'],
    ['toString', undefined, 'No connection configuration found for toString'],
    ['memory', 'nope', 'No memory endpoint configuration found for nope'],
    [
      'missing',
      undefined,
      'Could not find connector implementation for: missing (none of missing, terafoundation_',
    ],
    ['empty', undefined, 'for: empty (Connector empty missing required createClient function)'],
  ])('says what is wrong with %s %s', async (type, endpoint, message) => {
    await expect(client(type, endpoint)).rejects.toThrow(message);
  });
});

it('serves getConnection at once, from connectors with create', () => {
  const get = connectionFactory(connectors, logger);
  const first = get({ type: 'old', cached: true });
  expect(first).toMatchObject({ client: { config: { a: 1 } } });
  expect(get({ type: 'old', endpoint: 'default', cached: true })).toBe(first);
  expect(get({ type: 'old' }).client).not.toEqual(first.client);
  expect(() => get({ type: 'memory' })).toThrow('Connector memory has no create function, use createClient');
  expect(() => get({ type: 'old', endpoint: 'nope' })).toThrow(
    'No old endpoint configuration found for nope',
  );
});

describe('the check at start', () => {
  const sysconfig = { limit: 100 };

  it('fills in the defaults of the schema, and converts', async () => {
    const { connectors: checked, errors } = await checkConnectors(
      { memory: { default: { size: '7' }, all: { wait: 10, strict: true, certificate: 'pem' } } },
      sysconfig,
    );
    expect(errors).toEqual([]);
    expect(checked.memory).toEqual({
      default: { size: 7, host: 'nowhere', wait: 5_000, certificate: null, strict: null, inner: { key: '' } },
      all: { size: 10, host: 'nowhere', wait: 10, certificate: 'pem', strict: true, inner: { key: '' } },
    });
  });

  it('warns of options that the connector does not know, and keeps them', async () => {
    const { connectors: checked, warnings } = await checkConnectors(
      { memory: { a: { colour: 1 } } },
      sysconfig,
    );
    expect(checked.memory?.a).toMatchObject({ colour: 1, size: 10 });
    expect(warnings).toMatchObject([
      { type: 'memory', name: 'a', message: expect.stringContaining("'colour'") },
    ]);
  });

  it('leaves alone what is not installed, with a warning', async () => {
    const checked = await checkConnectors({ missing: { a: { b: 1 } } }, sysconfig);
    expect(checked).toMatchObject({ connectors: { missing: { a: { b: 1 } } }, errors: [] });
    expect(checked.warnings).toMatchObject([
      { type: 'missing', message: expect.stringContaining('Could not find') },
    ]);
  });

  it('does not show the values that it refuses', async () => {
    const { errors } = await checkConnectors(
      {
        memory: { a: { host: 12345678, inner: { key: 12345678 } } },
        postgresql: { b: { password: 12345678 } },
      },
      sysconfig,
    );
    const message = errors.map((error) => error.message).join('\n');
    for (const field of ['host: must be', 'inner.key: must be', 'password: '])
      expect(message).toContain(field);
    expect(message).not.toContain('12345678');
  });

  it.each([
    [{ memory: { a: { size: 0 } } }, 'size: must be valid integer greater than zero'],
    [{ memory: { a: { size: 101 } } }, 'size is above the limit of 100'],
    [{ unschooled: { a: {} } }, 'Connector unschooled missing required config_schema function'],
    [{ throws: { a: {} } }, 'throws: Error: no such library'],
  ])('finds the error in %j', async (given, message) => {
    const { errors } = await checkConnectors(given as never, sysconfig);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain(message);
  });
});

import { join, resolve } from 'node:path';
import { environmentOf, readSettings } from '../../src/cli/options.js';
import { createProgram } from '../../src/cli/program.js';
import type { Settings } from '../../src/settings.js';
import { Directories, writeTree } from '../operations/support/directories.js';

const own = Object.keys(process.env).filter((name) => name.startsWith('TEMPOSLICE_'));
const kept = Object.fromEntries(own.map((name) => [name, process.env[name]]));

afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPOSLICE_')) delete process.env[name];
  Object.assign(process.env, kept);
});

function parse(name: string, ...args: string[]): ReturnType<typeof readSettings> {
  const program = createProgram();
  const command = program.commands.find((one) => one.name() === name)!;
  // The command itself would start processes.
  command.action(() => undefined);
  program.parse([name, ...args], { from: 'user' });
  return readSettings(command);
}

it('fills every setting that has a default', () => {
  const { settings, explicit } = parse('start');
  expect(settings).toMatchObject({
    port: 5678,
    host: '127.0.0.1',
    dataDir: resolve('data'),
    namespace: 'default',
    master: 'http://127.0.0.1:5678',
    temporalUiUrl: 'http://127.0.0.1:8233',
    shutdownTimeout: 60_000,
    allowedHosts: [],
  });
  expect(settings.slots).toBeGreaterThanOrEqual(4);
  expect(settings.temporal).toBeUndefined();
  expect([...explicit]).toEqual([]);
});

it('takes variables, and flags before them', () => {
  process.env.TEMPOSLICE_PORT = '6000';
  process.env.TEMPOSLICE_DATA_DIR = '/somewhere';
  process.env.TEMPOSLICE_ALLOWED_HOSTS = 'a.example, b.example';
  const { settings, explicit } = parse('start', '--port', '6001');
  expect(settings).toMatchObject({
    port: 6001,
    dataDir: '/somewhere',
    allowedHosts: ['a.example', 'b.example'],
    master: 'http://127.0.0.1:6001',
  });
  expect([...explicit].sort()).toEqual(['allowedHosts', 'dataDir', 'port']);
});

it('hands all settings to a child process by its environment', () => {
  const settings: Settings = {
    ...parse('start', '--store', 'postgresql://db/x', '--slots', '3', '--temporal', 't:1').settings,
    allowedHosts: ['a', 'b'],
    nodeId: 'n1',
    clusterToken: 'secret',
    temporalUiUrl: 'http://ui:1',
  };
  Object.assign(process.env, environmentOf(settings));
  expect(parse('start').settings).toEqual(settings);
});

it('removes from the environment of a child what is not set', () => {
  process.env.TEMPOSLICE_STORE = 'postgresql://elsewhere/x';
  const settings = { ...parse('start').settings, store: undefined };
  expect(environmentOf(settings)).not.toHaveProperty('TEMPOSLICE_STORE');
});

describe('with a configuration file', () => {
  const directories = new Directories();
  afterAll(() => directories.clean());
  const write = (text: string): string => {
    const root = directories.make();
    writeTree(root, { 'config.yaml': text });
    return join(root, 'config.yaml');
  };
  const file = () =>
    write(`
terafoundation:
  log_level: [{console: warn}, {file: debug}]
  connectors: {}
teraslice:
  name: cluster-1
  port: 6002
  workers: 7
  shutdown_timeout: 2 minutes
  action_timeout: "5000"
  kubernetes_image: whatever
  master_hostname: master.example
  assets_directory: [/srv/assets]
  autoload_directory: /srv/autoload
temposlice:
  temporal: temporal:7233
  allowed_hosts: [a.example, b.example]
  keep_executions: 30
`);

  it('takes what Teraslice calls otherwise, and what it does not have', () => {
    const path = file();
    const { settings, explicit, warnings } = parse('start', '-c', path);
    expect(settings).toMatchObject({
      config: path,
      name: 'cluster-1',
      port: 6002,
      slots: 7,
      shutdownTimeout: 120_000,
      actionTimeout: 5_000,
      logLevel: 'warn',
      assetsDir: '/srv/assets',
      autoloadDir: '/srv/autoload',
      temporal: 'temporal:7233',
      master: 'http://master.example:6002',
      allowedHosts: ['a.example', 'b.example'],
      keepExecutions: 30,
      hostMemory: 1_024,
    });
    expect(explicit).toContain('port');
    expect(explicit).not.toContain('hostMemory');
    expect(warnings).toEqual([]);
  });

  it('lets flags win over variables, and variables over the file', () => {
    const path = file();
    process.env.TEMPOSLICE_PORT = '6003';
    process.env.TEMPOSLICE_SLOTS = '3';
    const { settings } = parse('start', '--configfile', path, '--port', '6004');
    expect(settings).toMatchObject({ port: 6004, slots: 3, name: 'cluster-1' });
  });

  it('is found by its variable, and is handed on to children', () => {
    const path = file();
    process.env.TEMPOSLICE_CONFIG = path;
    const { settings } = parse('start');
    expect(settings.name).toBe('cluster-1');
    expect(environmentOf(settings)).toMatchObject({ TEMPOSLICE_CONFIG: path, TEMPOSLICE_NAME: 'cluster-1' });
  });

  it('unpacks assets in the data folder unless told otherwise', () => {
    expect(parse('start', '--data-dir', '/data').settings.assetsDir).toBe('/data/assets');
    const path = write('temposlice: {data_dir: /data}');
    expect(parse('start', '-c', path).settings.assetsDir).toBe('/data/assets');
    expect(parse('start', '-c', path, '--assets-dir', '/srv').settings.assetsDir).toBe('/srv');
  });

  it('prefers our own section to those of Teraslice', () => {
    const path = write('teraslice: {port: 1, workers: 2}\ntemposlice: {port: 3}');
    expect(parse('start', '-c', path).settings).toMatchObject({ port: 3, slots: 2 });
  });

  it('adds the port to the host name of the master, wherever it is said', () => {
    const path = write('teraslice: {port: 1, master_hostname: m}\ntemposlice: {port: 2}');
    expect(parse('import', '--from', 'http://x', '-c', path).settings.master).toBe('http://m:2');
    const named = write('teraslice: {master_hostname: m}\ntemposlice: {master: "http://n:3"}');
    expect(parse('import', '--from', 'http://x', '-c', named).settings.master).toBe('http://n:3');
  });

  it('gives a node the master that it names, and a metrics port if metrics are on', () => {
    const path = write(
      'terafoundation: {prom_metrics_enabled: true}\nteraslice: {master_hostname: m}\ntemposlice: {temporal: "t:1"}',
    );
    expect(parse('node', '-c', path).settings).toMatchObject({ master: 'http://m:5678', metricsPort: 3333 });
    expect(parse('start').settings.metricsPort).toBeUndefined();
  });

  it('names keys that nobody knows, with their lines', () => {
    const path = write('teraslice:\n  port: 1\n  prot: 2\ntemposlice:\n  slot: 3\nother: 1\n');
    expect(parse('start', '-c', path).warnings).toEqual([
      `${path}:6: other: no such section; it is ignored`,
      `${path}:3: teraslice.prot: nobody knows this key; it is ignored`,
      `${path}:5: temposlice.slot: nobody knows this key; it is ignored`,
    ]);
  });

  it.each([
    ['teraslice:\n  name: a\n  port: high', ':3: teraslice.port: It must be a whole number from 0 to 65535.'],
    ['temposlice:\n  slots: 0', ':2: temposlice.slots: It must be a whole number from 1 to 10000.'],
    ['temposlice:\n  slots: {a: 1}', ':2: temposlice.slots: It must be a single value or a list.'],
    ['teraslice: {shutdown_timeout: soon}', ':1: teraslice.shutdown_timeout: It must be a number of ms, or'],
    ['teraslice: {assets_directory: [a, b]}', ':1: teraslice.assets_directory: It must be one folder'],
    ['terafoundation:\n  log_level: loud', ':2: terafoundation.log_level: It must be trace, debug'],
    ['teraslice: 5', ':1: teraslice: it must be a mapping'],
    ['teraslice:\n  name: "a', ':2:'],
    ['a: 1\na: 2', ':2:1: Map keys must be unique'],
    ['[1]', ': it must be a mapping with the sections terafoundation, teraslice, temposlice'],
  ])('refuses %j and says where', (text, message) => {
    const path = write(text);
    expect(() => parse('start', '-c', path)).toThrow(`${path}${message}`);
  });

  it('refuses a file that is not there', () => {
    expect(() => parse('start', '-c', '/nowhere/config.yaml')).toThrow(
      'the configuration file cannot be read: ENOENT: no such file or directory, open',
    );
  });
});

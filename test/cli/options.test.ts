import { resolve } from 'node:path';
import { environmentOf, readSettings } from '../../src/cli/options.js';
import { createProgram } from '../../src/cli/program.js';
import type { Settings } from '../../src/settings.js';

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

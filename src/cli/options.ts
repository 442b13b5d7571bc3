import { availableParallelism, hostname } from 'node:os';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import ms, { type StringValue } from 'ms';
import { ConfigFile } from '../config/config-file.js';
import { fileSettings, type FileSettings } from '../config/file-settings.js';
import type { Settings } from '../settings.js';
import { MAX_AGE_MS } from '../workers/master/purger.js';

interface SettingOption {
  /** Name and placeholder as `--help` shows them. */
  flag: string;
  description: string;
  parse: (text: string) => unknown;
  /** Undefined: none, or derived from other settings. */
  fallback?: unknown;
  /** How `--help` shows the fallback, if not as it is. */
  shown?: string;
  /** No error shows the value. */
  secret?: true;
}

const integer =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };

const matching =
  (pattern: RegExp, expected: string) =>
  (text: string): string => {
    if (pattern.test(text)) return text;
    throw new InvalidArgumentError(`It must be ${expected}.`);
  };

/** An age in ms, such as `30d`, up to a hundred years. */
export function parseAge(text: string): number {
  const age = /^\d{1,15}\s?[a-z]{1,15}$/i.test(text) ? ms(text as StringValue) : undefined;
  if (age === undefined) throw new InvalidArgumentError('It must be an age such as 30d or 12h.');
  if (age > MAX_AGE_MS) throw new InvalidArgumentError('It must be an age of at most 36500d.');
  return age;
}

const name = matching(/^[\w.-]{1,200}$/, 'made of letters, digits, "_", "-" and "."');
const webUrl = matching(/^https?:\/\/[^\s/]+/, 'a URL like http://host:port');
const port = integer(0, 65_535);
/** Timers of Node cannot be longer. */
const milliseconds = integer(1, 2 ** 31 - 1);

/** Every setting with its flag. The environment variable of a setting is its name: TEMPOSLICE_DATA_DIR. */
const OPTIONS = {
  port: {
    flag: '--port <n>',
    description: 'port of the REST API; 0: any free one',
    parse: port,
    fallback: 5678,
  },
  host: {
    flag: '--host <address>',
    description: 'address that the REST API binds to; whoever reaches it can run code',
    parse: matching(/^\S+$/, 'an address or host name'),
    fallback: '127.0.0.1',
  },
  allowedHosts: {
    flag: '--allowed-hosts <names>',
    description: 'further host names, separated by commas, that requests may be addressed to; "*": any',
    parse: (text) =>
      text
        .split(',')
        .map((host) => host.trim())
        .filter(Boolean),
    fallback: [],
    shown: 'none',
  },
  dataDir: {
    flag: '--data-dir <folder>',
    description: 'folder for the store, the embedded Temporal server, logs and assets',
    parse: (text) => resolve(text),
    fallback: resolve('data'),
    shown: '"./data"',
  },
  slots: {
    flag: '--slots <n>',
    description: 'worker slots of the node',
    parse: integer(1, 10_000),
    fallback: Math.max(4, 2 * availableParallelism()),
    shown: 'twice the processors, at least 4',
  },
  temporal: {
    flag: '--temporal <host:port>',
    description: 'Temporal server to use; `start` without it runs one of its own',
    parse: matching(/^[^\s/]+:\d+$/, 'an address like host:7233'),
  },
  namespace: {
    flag: '--namespace <name>',
    description: 'Temporal namespace',
    parse: name,
    fallback: 'default',
  },
  store: {
    flag: '--store <url>',
    description: 'PostgreSQL URL of the store (default: an embedded PostgreSQL in the data folder)',
    parse: matching(/^postgres(ql)?:\/\//, 'a URL like postgresql://user@host/database'),
    secret: true,
  },
  master: {
    flag: '--master <url>',
    description: "URL of a master's REST API",
    parse: webUrl,
  },
  nodeId: {
    flag: '--node-id <name>',
    description: 'name of the node, which no other node of the cluster may have',
    parse: name,
    fallback: hostname(),
    shown: 'the host name',
  },
  name: { flag: '--name <name>', description: 'name of the cluster', parse: name, fallback: 'temposlice' },
  clusterToken: {
    flag: '--cluster-token <secret>',
    description: 'secret shared by masters and nodes',
    parse: matching(/^[\x21-\x7e]+$/, 'printable ASCII without blanks'),
    secret: true,
  },
  temporalUiPort: {
    flag: '--temporal-ui-port <n>',
    description: "port of the embedded Temporal server's Web UI; 0: none",
    parse: port,
    fallback: 8233,
  },
  temporalPort: {
    flag: '--temporal-port <n>',
    description: "port of the embedded Temporal server's gRPC endpoint; 0: any free one",
    parse: port,
    fallback: 7233,
  },
  temporalUiUrl: {
    flag: '--temporal-ui-url <url>',
    description: 'URL of the Temporal Web UI, as a browser reaches it (default: http://127.0.0.1:8233)',
    parse: webUrl,
  },
  maxBodyBytes: {
    flag: '--max-body-bytes <n>',
    description: 'largest JSON body that the REST API accepts',
    parse: integer(1),
    fallback: 10_000_000,
  },
  maxAssetBytes: {
    flag: '--max-asset-bytes <n>',
    description: 'largest asset bundle that the REST API accepts',
    parse: integer(1),
    fallback: 128_000_000,
  },
  assetsDir: {
    flag: '--assets-dir <folder>',
    description: 'folder in which assets are unpacked (default: "assets" in the data folder)',
    parse: (text) => resolve(text),
  },
  autoloadDir: {
    flag: '--autoload-dir <folder>',
    description: 'folder whose zip files become assets when a master starts',
    parse: (text) => resolve(text),
    fallback: resolve('autoload'),
    shown: '"./autoload"',
  },
  shutdownTimeout: {
    flag: '--shutdown-timeout <ms>',
    description: 'how long a running slice may go on when its execution or node is stopped',
    parse: milliseconds,
    fallback: 60_000,
  },
  actionTimeout: {
    flag: '--action-timeout <ms>',
    description: 'how long pause, resume and stop wait for the settled state',
    parse: milliseconds,
    fallback: 120_000,
  },
  fenceTimeout: {
    flag: '--fence-timeout <ms>',
    description: 'silence after which a node that is cut off ends its hosts',
    parse: milliseconds,
    fallback: 30_000,
  },
  hostMemory: {
    flag: '--host-memory <mb>',
    description: 'heap limit of a process that runs operations',
    parse: integer(32),
    fallback: 1_024,
  },
  config: {
    flag: '-c, --config <file>',
    description:
      'YAML file with the sections terafoundation, teraslice and temposlice ' +
      '(default: TERAFOUNDATION_CONFIG, /app/config/config.yaml, ./config.yaml)',
    parse: (text) => resolve(text),
  },
  keepExecutions: {
    flag: '--keep-executions <days>',
    description: 'days after which executions that have ended are removed; 0: never',
    parse: integer(0, 36_500),
    fallback: 0,
  },
  metricsPort: {
    flag: '--metrics-port <n>',
    description: 'port on which a node serves the metrics of its operations; 0: any free one (default: none)',
    parse: port,
  },
  warmHosts: {
    flag: '--warm-hosts <n>',
    description:
      'workers that a node holds ready for the next executions, with a slicer, while it has free slots; each takes 30 MB of its own',
    parse: integer(0, 1_000),
    fallback: 8,
  },
  logLevel: {
    flag: '--log-level <level>',
    description: 'lowest level that is logged: trace, debug, info, warn, error, fatal',
    parse: matching(/^(trace|debug|info|warn|error|fatal)$/, 'trace, debug, info, warn, error or fatal'),
    fallback: 'info',
  },
} satisfies Record<keyof Settings, SettingOption>;

/** Settings that commands have in common, and those of one kind of process. */
export const MASTER_SETTINGS: Array<keyof Settings> = [
  ...(['port', 'host', 'allowedHosts', 'dataDir', 'store', 'name', 'clusterToken', 'maxBodyBytes'] as const),
  ...(['actionTimeout', 'shutdownTimeout', 'fenceTimeout', 'hostMemory', 'logLevel', 'config'] as const),
  'keepExecutions',
  ...(['maxAssetBytes', 'assetsDir', 'autoloadDir'] as const),
];
export const NODE_SETTINGS: Array<keyof Settings> = [
  ...(['nodeId', 'slots', 'dataDir', 'clusterToken', 'shutdownTimeout', 'fenceTimeout'] as const),
  ...(['hostMemory', 'warmHosts', 'logLevel', 'config', 'host', 'metricsPort'] as const),
  'assetsDir',
];
/** Of commands that talk to a master. */
export const CLIENT_SETTINGS: Array<keyof Settings> = ['master', 'clusterToken', 'config'];
/** As `--help` of these commands shows it; a node has no default. */
export const CLIENT_DEFAULTS: Partial<Record<keyof Settings, string>> = {
  master: 'http://127.0.0.1:5678, or the port in the configuration file',
};
export const TEMPORAL_SETTINGS: Array<keyof Settings> = ['temporal', 'namespace', 'temporalUiUrl'];
export const EMBEDDED_SETTINGS: Array<keyof Settings> = ['temporalPort', 'temporalUiPort'];

/**
 * Adds the options of the given settings to a command; each is also an environment variable.
 * @param defaults what `--help` shows for settings that have a default in this command only
 */
export function addOptions(
  command: Command,
  settings: Array<keyof Settings>,
  defaults: Partial<Record<keyof Settings, string>> = {},
): void {
  for (const setting of new Set(settings)) {
    const { flag, description, parse, fallback, shown, secret }: SettingOption = OPTIONS[setting];
    const own = defaults[setting];
    const text = own === undefined ? description : `${description} (default: ${own})`;
    const option = new Option(flag, text)
      .env(variableOf(setting))
      .argParser(secret ? withoutValue(command, flag, parse) : parse);
    if (fallback !== undefined) option.default(fallback, shown);
    command.addOption(option);
    // Teraslice's name for it.
    if (setting === 'config') command.addOption(new Option('--configfile <file>').hideHelp());
  }
}

/** A parser whose errors, unlike those that commander makes of refused values, do not show the value. */
const withoutValue =
  (command: Command, flag: string, parse: SettingOption['parse']): SettingOption['parse'] =>
  (text) => {
    try {
      return parse(text);
    } catch (error) {
      return command.error(`error: option '${flag}' is invalid. ${(error as Error).message}`);
    }
  };

export interface ReadSettings {
  /** Complete. */
  settings: Settings;
  /** Which of them a person gave: by flag, variable or file. */
  explicit: Set<keyof Settings>;
  /** What the configuration file has that means nothing. */
  warnings: string[];
}

/**
 * The settings of a parsed command: flags, then variables, then the configuration file, then defaults.
 * @throws ConfigurationError with the place in the configuration file, or if one of `required` is not given
 */
export function readSettings(command: Command, required: Array<keyof Settings> = []): ReadSettings {
  const names = Object.keys(OPTIONS) as Array<keyof Settings>;
  const given = new Set(
    names.filter((setting) => !['default', undefined].includes(command.getOptionValueSource(setting))),
  );
  const options = command.opts<Partial<Settings> & { configfile?: string }>();
  const file = configFile(options.config ?? options.configfile);
  const { settings: filed, warnings }: FileSettings = file
    ? fileSettings(
        file,
        names.filter((setting) => setting !== 'config'),
        (setting, text) => (OPTIONS[setting] as SettingOption).parse(text),
      )
    : { settings: {}, warnings: [] };

  const valueOf = (setting: keyof Settings): unknown =>
    given.has(setting) ? options[setting] : (filed[setting] ?? (OPTIONS[setting] as SettingOption).fallback);
  const settings = Object.fromEntries(
    names.map((setting) => [setting, valueOf(setting)]),
  ) as unknown as Settings;
  for (const setting of required) {
    if (settings[setting] === undefined) {
      command.error(`error: required option '${OPTIONS[setting].flag}' not specified`);
    }
  }
  if (file) settings.config = file.path;
  settings.temporalUiUrl ??= settings.temporalUiPort ? `http://127.0.0.1:${settings.temporalUiPort}` : '';
  settings.assetsDir ??= resolve(settings.dataDir, 'assets');
  settings.master ??= `http://127.0.0.1:${settings.port}`;
  const explicit = new Set([...given, ...(Object.keys(filed) as Array<keyof Settings>)]);
  return { settings, explicit, warnings };
}

function configFile(path: string | undefined): ConfigFile | undefined {
  const named = path ?? process.env.TERAFOUNDATION_CONFIG;
  return named ? ConfigFile.read(named) : ConfigFile.find();
}

/** The environment of a child process: this one's, with exactly these settings. */
export function environmentOf(settings: Settings): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  for (const setting of Object.keys(OPTIONS) as Array<keyof Settings>) {
    const value = settings[setting];
    delete environment[variableOf(setting)];
    if (value !== undefined && value !== '') environment[variableOf(setting)] = String(value);
  }
  return environment;
}

/** A variable that is set to nothing, as in a compose file, counts as not set. */
export function dropEmptyVariables(): void {
  for (const [variable, value] of Object.entries(process.env)) {
    if (variable.startsWith('TEMPOSLICE_') && value === '') delete process.env[variable];
  }
}

function variableOf(setting: keyof Settings): string {
  return `TEMPOSLICE_${setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

import ms, { type StringValue } from 'ms';
import type { Settings } from '../settings.js';
import { isMapping } from './config-file.js';

/**
 * What Teraslice 3.18 knows in its sections (`packages/terafoundation/src/schema.ts` and
 * `packages/teraslice/src/lib/config/schemas/system.ts` of terascope/teraslice), and which of our settings a key is.
 * The others concern what is not there here (Elasticsearch indices, Kubernetes, network messages): they are
 * taken without a word, and operations see them in `context.sysconfig`.
 */
export interface Meaning {
  setting: keyof Settings;
  /** Makes the value what the setting's flag would be given; undefined: not set. @throws Error */
  convert(value: unknown): string | undefined;
}

const asIs = (value: unknown): string => {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
  throw new Error('It must be a single value.');
};

/** A number of ms, or a text such as `5 minutes`. */
export function duration(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = asIs(value);
  const parsed = /^\d+$/.test(text)
    ? Number(text)
    : /^\d+ \w+$/.test(text)
      ? ms(text as StringValue)
      : undefined;
  if (parsed === undefined) throw new Error('It must be a number of ms, or a text such as "5 minutes".');
  return String(parsed);
}

/** One level, or one for each destination, as in `[{console: warn}, {file: info}]`. */
function consoleLevel(value: unknown): string | undefined {
  if (!Array.isArray(value)) return asIs(value);
  const levels = Object.assign({}, ...value.filter(isMapping)) as { console?: unknown };
  return levels.console === undefined ? undefined : asIs(levels.console);
}

/** Teraslice takes a list of folders, too. */
function oneFolder(value: unknown): string {
  if (Array.isArray(value) && value.length === 1) return asIs(value[0]);
  if (Array.isArray(value)) throw new Error('It must be one folder: assets are unpacked in one place.');
  return asIs(value);
}

const setting = (name: keyof Settings, convert: Meaning['convert'] = asIs): Meaning => ({
  setting: name,
  convert,
});

const known = (...keys: string[]): Record<string, undefined> =>
  Object.fromEntries(keys.map((key) => [key, undefined]));

export const TERAFOUNDATION_KEYS: Record<string, Meaning | undefined> = {
  log_level: setting('logLevel', consoleLevel),
  ...known('connectors', 'environment', 'log_path', 'logging', 'workers'),
  ...known(
    'prom_metrics_enabled',
    'prom_metrics_port',
    'prom_metrics_add_default',
    'prom_metrics_display_url',
  ),
};

export const TERASLICE_KEYS: Record<string, Meaning | undefined> = {
  name: setting('name'),
  port: setting('port'),
  workers: setting('slots'),
  shutdown_timeout: setting('shutdownTimeout', duration),
  action_timeout: setting('actionTimeout', duration),
  assets_directory: setting('assetsDir', oneFolder),
  autoload_directory: setting('autoloadDir'),
  ...known('analytics_rate', 'api_response_timeout', 'asset_storage_bucket', 'asset_storage_connection'),
  ...known('asset_storage_connection_type', 'assets_volume'),
  ...known('cluster_manager_type', 'cpu', 'cpu_execution_controller', 'env_vars', 'ephemeral_storage'),
  ...known('execution_controller_targets', 'hostname', 'index_rollover_frequency', 'index_settings'),
  ...known('kubernetes_api_poll_delay', 'kubernetes_config_map_name', 'kubernetes_image'),
  ...known('kubernetes_image_pull_secret', 'kubernetes_namespace', 'kubernetes_overrides_enabled'),
  ...known('kubernetes_priority_class_name', 'kubernetes_worker_antiaffinity', 'master', 'master_hostname'),
  ...known('memory', 'memory_execution_controller', 'network_latency_buffer', 'node_disconnect_timeout'),
  ...known('node_state_interval', 'slicer_allocation_attempts', 'slicer_port_range', 'slicer_timeout'),
  ...known('state', 'worker_disconnect_timeout'),
};

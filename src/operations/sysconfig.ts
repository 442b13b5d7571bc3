import { hostname } from 'node:os';
import type { Teraslice } from '@terascope/types';
import type { Settings } from '../settings.js';
import type { FoundationConfig } from '../config/foundation.js';

export interface SystemOptions {
  /** Name of the cluster. */
  clusterName: string;
  /** Folder of the unpacked assets: `<assetsDirectory>/<asset id>/`. */
  assetsDirectory: string;
  /** How long a slice may go on once its execution is told to stop, in ms. */
  shutdownTimeout: number;
  /** Lowest level that is logged. */
  logLevel: string;
  /** What the configuration file says to operations. Default nothing. */
  foundation?: FoundationConfig;
  /** Whether the metrics of operations can be read somewhere. Default no. */
  metrics?: boolean;
}

export function systemOptions(
  settings: Pick<Settings, 'assetsDir' | 'logLevel' | 'name' | 'shutdownTimeout' | 'metricsPort'>,
  foundation?: FoundationConfig,
): SystemOptions {
  return {
    clusterName: settings.name,
    assetsDirectory: settings.assetsDir,
    shutdownTimeout: settings.shutdownTimeout,
    logLevel: settings.logLevel,
    ...(foundation === undefined ? {} : { foundation }),
    metrics: settings.metricsPort !== undefined,
  };
}

/**
 * The system configuration that operations read: what is in force, above what the configuration file says, above
 * Teraslice's defaults. Settings of Teraslice that mean nothing here are there for operations that look at them.
 */
export function systemConfig(options: SystemOptions, nodeName: string): Teraslice.SysConfig {
  const teraslice = {
    action_timeout: 300_000,
    analytics_rate: 60_000,
    api_response_timeout: 300_000,
    asset_storage_bucket: '',
    asset_storage_connection: 'default',
    asset_storage_connection_type: 'elasticsearch-next',
    cpu_execution_controller: 0.5,
    env_vars: {},
    ephemeral_storage: false,
    execution_controller_targets: null,
    hostname: hostname(),
    index_rollover_frequency: { analytics: 'monthly', state: 'monthly' },
    kubernetes_api_poll_delay: 1_000,
    kubernetes_config_map_name: 'teraslice-worker',
    kubernetes_image: 'terascope/teraslice',
    kubernetes_namespace: 'default',
    kubernetes_overrides_enabled: false,
    kubernetes_worker_antiaffinity: false,
    master: false,
    master_hostname: 'localhost',
    memory_execution_controller: 512_000_000,
    network_latency_buffer: 15_000,
    node_disconnect_timeout: 300_000,
    node_state_interval: 5_000,
    port: 5678,
    slicer_allocation_attempts: 3,
    slicer_port_range: '45679:46678',
    slicer_timeout: 180_000,
    state: { connection: 'default' },
    worker_disconnect_timeout: 300_000,
    workers: 1,
    ...withoutNull(options.foundation?.teraslice),
    assets_directory: options.assetsDirectory,
    cluster_manager_type: 'native',
    name: options.clusterName,
    shutdown_timeout: options.shutdownTimeout,
  };
  const terafoundation = {
    environment: 'production',
    log_path: process.cwd(),
    logging: ['console'],
    prom_metrics_add_default: true,
    prom_metrics_display_url: '',
    prom_metrics_port: 3333,
    workers: 1,
    ...withoutNull(options.foundation?.terafoundation),
    connectors: options.foundation?.connectors ?? {},
    log_level: options.logLevel,
    prom_metrics_enabled: options.metrics ?? false,
  };
  return { _nodeName: nodeName, terafoundation, teraslice } as unknown as Teraslice.SysConfig;
}

/** A key without a value in the file is one that is left out. */
const withoutNull = (section: Record<string, unknown> = {}): Record<string, unknown> =>
  Object.fromEntries(Object.entries(section).filter(([, value]) => value != null));

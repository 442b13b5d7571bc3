import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Teraslice } from '@terascope/types';
import type { Settings } from '../settings.js';
import type { Connectors } from './connectors.js';

export interface SystemOptions {
  /** Name of the cluster. */
  clusterName: string;
  /** Folder of the unpacked assets: `<assetsDirectory>/<asset id>/`. */
  assetsDirectory: string;
  /** How long a slice may go on once its execution is told to stop, in ms. */
  shutdownTimeout: number;
  /** Lowest level that is logged. */
  logLevel: string;
  /** Connections that operations can ask for. Default none. */
  connectors?: Connectors;
}

export function systemOptions(
  settings: Pick<Settings, 'dataDir' | 'logLevel' | 'name' | 'shutdownTimeout'>,
): SystemOptions {
  return {
    clusterName: settings.name,
    assetsDirectory: resolve(settings.dataDir, 'assets'),
    shutdownTimeout: settings.shutdownTimeout,
    logLevel: settings.logLevel,
  };
}

/**
 * The system configuration that operations read. Settings of Teraslice that mean nothing here have its own
 * defaults, for operations that look at them; those of Kubernetes are left out.
 */
export function systemConfig(options: SystemOptions, nodeName: string): Teraslice.SysConfig {
  const teraslice = {
    action_timeout: 300_000,
    analytics_rate: 60_000,
    api_response_timeout: 300_000,
    asset_storage_bucket: '',
    asset_storage_connection: 'default',
    asset_storage_connection_type: 'elasticsearch-next',
    assets_directory: options.assetsDirectory,
    cluster_manager_type: 'native',
    env_vars: {},
    hostname: hostname(),
    index_rollover_frequency: { analytics: 'yearly', state: 'monthly' },
    master: false,
    master_hostname: hostname(),
    name: options.clusterName,
    network_latency_buffer: 15_000,
    node_disconnect_timeout: 300_000,
    node_state_interval: 5_000,
    port: 5678,
    shutdown_timeout: options.shutdownTimeout,
    slicer_allocation_attempts: 3,
    slicer_port_range: '45679:46678',
    slicer_timeout: 180_000,
    state: { connection: 'default' },
    worker_disconnect_timeout: 300_000,
    workers: 1,
  };
  const terafoundation = {
    connectors: options.connectors ?? {},
    environment: 'production',
    log_level: options.logLevel,
    log_path: '',
    logging: ['console'],
    prom_metrics_add_default: false,
    prom_metrics_display_url: '',
    prom_metrics_enabled: false,
    prom_metrics_port: 0,
    workers: 1,
  };
  return { _nodeName: nodeName, terafoundation, teraslice } as unknown as Teraslice.SysConfig;
}

import type { Connectors } from '../operations/connectors/connector.js';
import { ConfigFile, isMapping } from './config-file.js';

/** What operations see of the configuration file: `context.sysconfig` is built from it. */
export interface FoundationConfig {
  /** The section `terafoundation`, without its connectors. */
  terafoundation: Record<string, unknown>;
  /** The section `teraslice`. */
  teraslice: Record<string, unknown>;
  connectors: Connectors;
}

/**
 * Reads what a file says to operations. Without a file: nothing.
 * @throws ConfigurationError with file, line and key
 */
export function readFoundation(path: string | undefined): FoundationConfig {
  if (path === undefined) return { terafoundation: {}, teraslice: {}, connectors: {} };
  const file = ConfigFile.read(path);
  const { connectors = {}, ...terafoundation } = file.section('terafoundation');
  return {
    terafoundation,
    teraslice: file.section('teraslice'),
    connectors: checkConnectors(file, connectors ?? {}),
  };
}

function checkConnectors(file: ConfigFile, given: unknown): Connectors {
  const at = ['terafoundation', 'connectors'];
  if (!isMapping(given)) throw file.error(at, 'it must be a mapping of connector types');
  const connectors: Connectors = {};
  for (const [type, endpoints] of Object.entries(given)) {
    if (!isMapping(endpoints)) throw file.error([...at, type], 'it must be a mapping of connections by name');
    connectors[type] = {};
    for (const [name, config] of Object.entries(endpoints)) {
      // One that is all defaults may be left empty.
      if (!isMapping(config ?? {})) throw file.error([...at, type, name], 'it must be a mapping of options');
      connectors[type][name] = (config ?? {}) as Record<string, unknown>;
    }
  }
  return connectors;
}

import convict from 'convict';
import { formats } from '#job-components';
import { requireOfLibrary } from '../lazily.js';
import type { Connector, Connectors, SchemaField } from './connector.js';
import { ConnectorNotFound, loadConnector } from './loading.js';

/** Something about `connectors.<type>` or `connectors.<type>.<name>`. */
export interface ConnectorFinding {
  type: string;
  name?: string;
  message: string;
}

export interface CheckedConnectors {
  /** With the defaults of their schemas. */
  connectors: Connectors;
  warnings: ConnectorFinding[];
  errors: ConnectorFinding[];
}

// The library registers these with a copy of convict of its own.
for (const name of ['convict-format-with-validator', 'convict-format-with-moment']) {
  convict.addFormats(requireOfLibrary(name) as Record<string, convict.Format>);
}
formats.forEach((format) => convict.addFormat(format));

/** Names of formats in the schemas of Teraslice 2.x and later, and what job-components 1.x calls them. */
const RENAMED: Record<string, string> = {
  required_string: 'required_String',
  optional_string: 'optional_String',
  optional_date: 'optional_Date',
  elasticsearch_name: 'elasticsearch_Name',
};
/** Formats that only those later ones have. */
const OPTIONAL: Record<string, string> = {
  optional_bool: 'Boolean',
  optional_int: 'int',
  optional_duration: 'duration',
};

/**
 * Checks connections and fills in defaults, with the code of their connectors: run it only in a process that may
 * be lost. A connector that is not installed is a warning, as in Teraslice: it matters once it is used.
 * @param sysconfig what `validate_config` is given beside the connection
 */
export async function checkConnectors(
  connectors: Connectors,
  sysconfig: unknown,
): Promise<CheckedConnectors> {
  const checked: CheckedConnectors = { connectors: {}, warnings: [], errors: [] };
  for (const [type, connections] of Object.entries(connectors)) {
    checked.connectors[type] = { ...connections };
    let connector: Connector;
    try {
      connector = await loadConnector(type);
    } catch (error) {
      const findings = error instanceof ConnectorNotFound ? checked.warnings : checked.errors;
      findings.push({ type, message: (error as Error).message });
      continue;
    }
    for (const [name, config] of Object.entries(connections)) {
      const warn = (message: string): void => void checked.warnings.push({ type, name, message });
      try {
        const complete = complement(connector, config, warn);
        connector.validate_config?.(structuredClone(complete), sysconfig);
        checked.connectors[type][name] = complete;
      } catch (error) {
        checked.errors.push({ type, name, message: (error as Error)?.message ?? String(error) });
      }
    }
  }
  return checked;
}

/** A connection's configuration, checked, with defaults. @throws Error */
function complement(
  connector: Connector,
  config: Record<string, unknown>,
  warn: (message: string) => void,
): Record<string, unknown> {
  const entries = Object.entries(connector.config_schema?.() ?? {});
  // Teraslice lets a field be null whose default is null; convict's formats refuse it.
  const isNull = ([key, field]: [string, SchemaField]): boolean =>
    field?.default === null && config[key] == null;
  const nulls = Object.fromEntries(entries.filter(isNull).map(([key]) => [key, null]));
  const schema = convict(
    Object.fromEntries(
      entries
        .filter((entry) => !isNull(entry))
        .map(([key, field]) => [key, secret(understood(field, config[key]))]),
    ) as convict.Schema<Record<string, unknown>>,
  );
  schema.load(Object.fromEntries(Object.entries(config).filter(([key]) => !(key in nulls))));
  schema.validate({ allowed: 'warn', output: (text) => warn(text.trim()) } as convict.ValidateOptions);
  return { ...schema.getProperties(), ...nulls };
}

/**
 * Marks each field of a schema, so that errors do not show its value: what is a password or holds one, no schema of
 * Teraslice's connectors says.
 */
function secret(field: unknown): unknown {
  if (typeof field !== 'object' || field === null || Array.isArray(field) || Object.keys(field).length === 0)
    return { default: field, sensitive: true };
  if ('default' in field) return { ...field, sensitive: true };
  return Object.fromEntries(Object.entries(field).map(([key, inner]) => [key, secret(inner)]));
}

function understood(field: SchemaField, value: unknown): SchemaField {
  const { format } = field ?? {};
  if (typeof format !== 'string') return field;
  if (Object.hasOwn(OPTIONAL, format)) return { ...field, format: value == null ? '*' : OPTIONAL[format] };
  return Object.hasOwn(RENAMED, format) ? { ...field, format: RENAMED[format] } : field;
}

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeError } from '../errors.js';
import type { Connector } from './connector.js';

/** Those that come with this program. */
const BUILTIN: Record<string, () => Promise<unknown>> = {
  postgresql: () => import('./builtin/postgresql.js'),
};

/** Package names under which a connector may be installed, in Teraslice's order. */
const packageNames = (type: string): string[] => [
  type,
  `terafoundation_${type}_connector`,
  `terafoundation-${type}-connector`,
  `@terascope/${type}`,
];

/** Connectors are installed where the node was started, or beside this program. */
const resolvers = (): NodeJS.Require[] => [
  createRequire(join(process.cwd(), 'package.json')),
  createRequire(fileURLToPath(import.meta.url)),
];

/** There is no package of any of the names. */
export class ConnectorNotFound extends Error {}

interface Candidate {
  name: string;
  path: string;
  require: NodeJS.Require;
}

/** The installed packages that may be the connector. @throws ConnectorNotFound */
function candidates(type: string): Candidate[] {
  const found: Candidate[] = [];
  for (const name of packageNames(type)) {
    for (const require of resolvers()) {
      try {
        const path = require.resolve(name);
        if (path !== name) found.push({ name, path, require });
        break;
      } catch {
        continue;
      }
    }
  }
  if (found.length > 0) return found;
  const names = packageNames(type).join(', ');
  throw new ConnectorNotFound(
    `Could not find connector implementation for: ${type} (none of ${names} is installed)`,
  );
}

/** Why a module is no connector; undefined if it is one. */
function flaw(connector: Connector | undefined): string | undefined {
  if (typeof connector !== 'object' && typeof connector !== 'function') return 'has no exports';
  if (typeof connector.createClient !== 'function' && typeof connector.create !== 'function') {
    return 'missing required createClient function';
  }
  if (connector.createClient && typeof connector.config_schema !== 'function') {
    return 'missing required config_schema function';
  }
  const { validate_config: validate } = connector;
  if (validate !== undefined && typeof validate !== 'function') return 'validate_config must be a function';
  return undefined;
}

/** @throws Error that names what is wrong with each candidate */
function refuse(type: string, problems: string[]): never {
  throw new Error(`Could not find connector implementation for: ${type} (${problems.join('; ')})`);
}

/**
 * Loads the module of a connector: one of ours, or an installed package.
 * @throws ConnectorNotFound; Error if what is installed is no connector
 */
export async function loadConnector(type: string): Promise<Connector> {
  const builtin = Object.hasOwn(BUILTIN, type) ? BUILTIN[type] : undefined;
  if (builtin) return unwrapDefault(await builtin()) as Connector;
  const problems: string[] = [];
  for (const { name, path } of candidates(type)) {
    try {
      const connector = unwrapDefault(await import(pathToFileURL(path).href));
      const problem = flaw(connector);
      if (problem === undefined) return connector as Connector;
      problems.push(`Connector ${name} ${problem}`);
    } catch (error) {
      problems.push(`${name}: ${firstLine(error)}`);
    }
  }
  return refuse(type, problems);
}

/**
 * The same for connectors with `create`, without waiting: they are CommonJS.
 * @throws as `loadConnector`
 */
export function loadConnectorNow(type: string): Required<Pick<Connector, 'create'>> {
  const problems: string[] = [];
  for (const { name, path, require } of candidates(type)) {
    try {
      const connector = unwrapDefault(require(path));
      if (typeof connector?.create === 'function') return connector as Required<Pick<Connector, 'create'>>;
      problems.push(`Connector ${name} has no create function, use createClient`);
    } catch (error) {
      problems.push(`${name}: ${firstLine(error)}`);
    }
  }
  return refuse(type, problems);
}

const firstLine = (error: unknown): string => describeError(error, 300).split('\n')[0] ?? '';

/** A CommonJS module that was compiled from ES modules has its default export wrapped twice. */
function unwrapDefault(loaded: unknown): Connector | undefined {
  let value = loaded as { default?: unknown } | undefined;
  for (let depth = 0; depth < 2 && value?.default != null; depth++) value = value.default as typeof value;
  return value as Connector | undefined;
}

import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describeError } from './errors.js';

/** The module of a connector, as terafoundation defines it. Older ones have `create`, which returns the client alone. */
interface Connector {
  createClient?(
    config: object,
    logger: unknown,
    options: object,
  ): Promise<{ client: unknown; logger?: unknown }>;
  create?(config: object, logger: unknown, options: object): unknown;
  config_schema?(): Record<string, { default?: unknown }>;
}

/** `connectors.<type>.<endpoint>`: the configuration of an endpoint. */
export type Connectors = Record<string, Record<string, Record<string, unknown>>>;

export interface ClientRequest {
  type: string;
  /** Default `default`. */
  endpoint?: string;
  /** Whether a client made before for the same type and endpoint will do. */
  cached?: boolean;
}

function unwrapDefault(loaded: unknown): Connector | undefined {
  let value = loaded as { default?: unknown } | undefined;
  // A CommonJS module that was compiled from ES modules has its default export wrapped twice.
  for (let depth = 0; depth < 2 && value?.default != null; depth++) value = value.default as typeof value;
  const connector = value as Connector | undefined;
  return typeof connector?.createClient === 'function' || typeof connector?.create === 'function'
    ? connector
    : undefined;
}

async function loadConnector(type: string): Promise<Connector> {
  // Connectors are installed beside the user's project, not beside this program.
  const project = createRequire(join(process.cwd(), 'package.json'));
  const problems: string[] = [];
  for (const name of [type, `terafoundation-${type}-connector`, `terafoundation_${type}_connector`]) {
    try {
      const connector = unwrapDefault(await import(pathToFileURL(project.resolve(name)).href));
      if (connector) return connector;
      problems.push(`${name} has no createClient function`);
    } catch (err) {
      problems.push(`${name}: ${describeError(err, 300).split('\n')[0]}`);
    }
  }
  throw new Error(`Could not find connector implementation for: ${type} (${problems.join('; ')})`);
}

function withDefaults(connector: Connector, config: Record<string, unknown>): Record<string, unknown> {
  const filled = { ...config };
  for (const [key, field] of Object.entries(connector.config_schema?.() ?? {})) {
    if (filled[key] === undefined && field?.default !== undefined) filled[key] = field.default;
  }
  return filled;
}

/** `createClient` of the foundation API over the configured connectors; clients are kept for `cached` requests. */
export function clientFactory(connectors: Connectors, logger: unknown) {
  const kept = new Map<string, Promise<{ client: unknown; logger: unknown }>>();

  const create = async (request: ClientRequest, endpoint: string) => {
    const endpoints = Object.hasOwn(connectors, request.type) ? connectors[request.type] : undefined;
    if (!endpoints) throw new Error(`No connection configuration found for ${request.type}`);
    const config = Object.hasOwn(endpoints, endpoint) ? endpoints[endpoint] : undefined;
    if (!config) throw new Error(`No ${request.type} endpoint configuration found for ${endpoint}`);
    const connector = await loadConnector(request.type);
    const filled = withDefaults(connector, config);
    if (connector.createClient) {
      const made = await connector.createClient(filled, logger, request);
      return { client: made.client, logger: made.logger ?? logger };
    }
    return { client: await connector.create?.(filled, logger, request), logger };
  };

  return (request: ClientRequest): Promise<{ client: unknown; logger: unknown }> => {
    const endpoint = request.endpoint ?? 'default';
    if (!request.cached) return create(request, endpoint);
    const key = JSON.stringify([request.type, endpoint]);
    let client = kept.get(key);
    if (!client) {
      client = create(request, endpoint);
      // A failure is not kept: the next request tries again.
      client.catch(() => kept.delete(key));
      kept.set(key, client);
    }
    return client;
  };
}

import type { ClientRequest, Connection, Connectors } from './connector.js';
import { loadConnector, loadConnectorNow } from './loading.js';

/** A copy of a connection's configuration. @throws Error in terafoundation's words */
function configuration(connectors: Connectors, { type, endpoint = 'default' }: ClientRequest) {
  const endpoints = Object.hasOwn(connectors, type) ? connectors[type] : undefined;
  if (!endpoints) throw new Error(`No connection configuration found for ${type}`);
  const config = Object.hasOwn(endpoints, endpoint) ? endpoints[endpoint] : undefined;
  if (!config) throw new Error(`No ${type} endpoint configuration found for ${endpoint}`);
  return { ...config };
}

const keyOf = ({ type, endpoint = 'default' }: ClientRequest): string => JSON.stringify([type, endpoint]);

/**
 * `createClient` of the foundation API over the configured connections, whose configuration is complete.
 * Requests that say `cached` share one client for each type and endpoint; any other request gets its own.
 */
export function clientFactory(connectors: Connectors, logger: { info(message: string): void }) {
  const kept = new Map<string, Promise<Connection>>();

  const create = async (request: ClientRequest): Promise<Connection> => {
    const config = configuration(connectors, request);
    logger.info(`creating connection for ${request.type}`);
    const connector = await loadConnector(request.type);
    if (!connector.createClient) return { client: await connector.create?.(config, logger, request), logger };
    const made = await connector.createClient(config, logger, request);
    return { client: made.client, logger: made.logger ?? logger };
  };

  return (request: ClientRequest): Promise<Connection> => {
    if (!request.cached) return create(request);
    const key = keyOf(request);
    let connection = kept.get(key);
    if (!connection) {
      connection = create(request);
      // A failure is not kept: the next request tries again.
      connection.catch(() => kept.delete(key));
      kept.set(key, connection);
    }
    return connection;
  };
}

/** `getConnection`, which operations of old generations call: the same for connectors with `create`, at once. */
export function connectionFactory(connectors: Connectors, logger: unknown) {
  const kept = new Map<string, { client: unknown }>();
  return (request: ClientRequest): { client: unknown } => {
    const key = keyOf(request);
    const known = request.cached ? kept.get(key) : undefined;
    if (known) return known;
    const config = configuration(connectors, request);
    const connection = { client: loadConnectorNow(request.type).create(config, logger, request) };
    if (request.cached) kept.set(key, connection);
    return connection;
  };
}

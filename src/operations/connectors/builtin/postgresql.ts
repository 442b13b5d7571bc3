import pg from 'pg';
import type { Connector } from '../connector.js';

/**
 * `connectors.postgresql.<name>`: PostgreSQL, through a pool of connections (`pg.Pool`). The client connects when it is
 * first used; operations that have their own end it with `client.end()` at shutdown.
 */
const connector: Connector = {
  async createClient(config, logger) {
    const { url, max_connections, connect_timeout, statement_timeout, ...server } = config;
    const pool = new pg.Pool({
      ...(url ? { connectionString: String(url) } : server),
      max: Number(max_connections),
      connectionTimeoutMillis: Number(connect_timeout),
      statement_timeout: Number(statement_timeout),
      // A host that drains does not wait for idle connections.
      allowExitOnIdle: true,
    });
    // A connection that breaks while it is idle: the pool replaces it, but without a listener the process would end.
    pool.on('error', (error) => {
      (logger as { warn(error: Error, message: string): void }).warn(
        error,
        'a connection to PostgreSQL broke',
      );
    });
    return { client: pool, logger };
  },

  config_schema: () => ({
    url: {
      doc: 'URL with everything in it, such as postgresql://user:password@host:5432/database',
      default: null,
      format: 'optional_string',
    },
    host: { doc: 'Host name or address', default: '127.0.0.1', format: String },
    port: { doc: 'Port', default: 5432, format: 'port' },
    database: { doc: 'Name of the database', default: 'postgres', format: String },
    user: { doc: 'Name of the user', default: 'postgres', format: String },
    password: { doc: 'Password', default: null, format: 'optional_string' },
    ssl: { doc: 'Whether to connect with TLS', default: false, format: Boolean },
    max_connections: { doc: 'Most connections of one client', default: 4, format: 'positive_int' },
    connect_timeout: { doc: 'Longest wait for a connection', default: '10 seconds', format: 'duration' },
    statement_timeout: { doc: 'Longest time of a statement; 0: no limit', default: 0, format: 'duration' },
  }),

  validate_config({ url }) {
    if (url != null && !/^postgres(ql)?:\/\//.test(String(url))) {
      throw new Error('url must begin with postgresql://');
    }
  },
};

export default connector;

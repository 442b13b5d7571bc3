import { PostgresDialect, type PostgresPool } from 'kysely';
import pg from 'pg';
import { CodedError } from '../errors.js';
import { types } from './pg-types.js';

/** Longest wait for a connection in ms. */
const CONNECT_TIMEOUT = 10_000;

/**
 * What the server ends by itself, in ms: a master that is suspended, or whose machine is gone, inside a transaction
 * holds locks that all others need, and the server may not learn of it from the network for hours.
 * A parameter of the same name in the URL counts instead.
 */
const LIMITS = {
  /** No transaction of ours waits for anything but the store. */
  idle_in_transaction_session_timeout: 10_000,
  /** Longer than the one above: whoever waits for a lock that is taken away like that gets it. */
  lock_timeout: 20_000,
  /** For what nobody waits for any more: replaying, recovering or purging a million slices takes less. */
  statement_timeout: 600_000,
} as const;

/** PostgreSQL through a pool of at most ten connections, with limits on what may hold up other masters. */
export function postgresDialect(url: string): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
    ...LIMITS,
    application_name: 'temposlice',
    types,
  });
  // A connection that breaks fails the statement it is used for, and the pool drops it. Its error event comes
  // besides, also between two statements; without a listener it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const guarded: PostgresPool = {
    connect: async () => {
      try {
        return await pool.connect();
      } catch (cause) {
        throw new CodedError('STORE_UNAVAILABLE', {}, { cause });
      }
    },
    end: () => pool.end(),
  };
  return new PostgresDialect({ pool: guarded });
}

import { PostgresDialect, type PostgresPool } from 'kysely';
import pg from 'pg';
import { CodedError } from '../errors.js';

/** Longest wait for a connection in ms. */
const CONNECT_TIMEOUT = 10_000;

const { builtins } = pg.types;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') => {
    if (oid === builtins.INT8) return Number;
    if (oid === builtins.TIMESTAMPTZ) return (text: string) => new Date(text).toISOString();
    return pg.types.getTypeParser(oid, format);
  }) as pg.CustomTypesConfig['getTypeParser'],
};

/** PostgreSQL through a pool of at most ten connections. */
export function postgresDialect(url: string): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
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

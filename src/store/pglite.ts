/**
 * The embedded database: PGlite in a locked folder, behind the pool interface of Kysely's PostgreSQL dialect.
 *
 * PGlite is one session. The pool therefore has one client and hands it to one caller after the other:
 * a caller keeps it for a statement, or for a whole transaction, and nothing else gets in between.
 *
 * Durability: a commit is answered after its log record was written to the operating system, so killing
 * the process loses nothing that was acknowledged. There is no fsync behind it: a power failure can.
 */
import { cpSync, existsSync } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';
import {
  PostgresDialect,
  type PostgresCursor,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from 'kysely';
import pg from 'pg';
import { compiledPath } from '../compiled-path.js';
import { CodedError } from '../errors.js';
import { lockFolder } from './folder-lock.js';
import { types } from './pg-types.js';
import { PreparedStatements } from './prepared-statements.js';
import { SessionStream } from './session-stream.js';

/** Longest wait for the session in ms. Only a transaction that waits for its own process takes that long. */
const SESSION_TIMEOUT = 30_000;

/** Half of PostgreSQL's default: a master takes 70 MB less, and lookups are as fast. With 16 MB they took twice as long. */
const START_PARAMETERS = [...PGlite.defaultStartParams, '-c', 'shared_buffers=64MB'];

/**
 * How much of a WebAssembly function runs (in bytes of its code) before V8 compiles it anew with optimizations. Node 20's default, 1.8 MB,
 * has that done to all that a start touches, half a second of both processors; later versions have 13 MB. What is hot
 * gets there as well: lists of 50,000 executions are as fast.
 */
const WASM_TIERING_BUDGET = 50_000_000;

const EMPTY_STORE = compiledPath('./empty', import.meta.url);

/** The part of PGlite that the pool needs. */
type Database = Pick<PGlite, 'execProtocolRawStream' | 'close'>;

class Client implements PostgresPoolClient {
  constructor(
    private readonly session: pg.PoolClient,
    private readonly prepared: PreparedStatements,
  ) {}

  query<R>(sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    sql: string | PostgresCursor<R>,
    parameters: ReadonlyArray<unknown> = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof sql !== 'string') throw new Error('the embedded store has no cursors');
    return this.execute<R>(sql, parameters);
  }

  release(): void {
    this.session.release();
  }

  private async execute<R>(
    text: string,
    parameters: ReadonlyArray<unknown>,
  ): Promise<PostgresQueryResult<R>> {
    const values = [...parameters];
    // Without values there is nothing to plan, and several statements may be in one text.
    const name = values.length > 0 ? this.prepared.nameOf(text) : undefined;
    const result = await this.session.query({ text, values, ...(name ? { name } : {}) });
    return result as unknown as PostgresQueryResult<R>;
  }
}

/**
 * A pool of the one session; callers get it in the order in which they asked.
 *
 * A session that breaks fails the statement, or the transaction, it is used for; the next caller gets a new one. If it was the
 * database that broke there is none: what PGlite has in memory after a panic of PostgreSQL must not get to the files.
 */
export class SessionPool implements PostgresPool {
  /** Rejects when the database has broken, with why; never resolves. */
  readonly failed: Promise<never>;

  readonly #prepared = new PreparedStatements();
  readonly #pool: pg.Pool;
  #broken: Error | undefined;

  /** @param timeout longest wait for the session in ms */
  constructor(
    private readonly database: Database,
    timeout = SESSION_TIMEOUT,
  ) {
    let fail!: (error: Error) => void;
    this.failed = new Promise((_resolve, reject) => (fail = reject));
    // Rejected before anybody awaits it, it must not end the process.
    this.failed.catch(() => undefined);
    const onBroken = (error: Error): void => {
      this.#broken = error;
      fail(error);
    };
    this.#pool = new pg.Pool({
      max: 1,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: timeout,
      user: 'postgres',
      database: 'postgres',
      // Whatever the environment says to clients of PostgreSQL.
      ssl: false,
      stream: () => new SessionStream(database).once('error', onBroken),
      types,
      onConnect: (session) => this.#clean(session),
    });
    // A session that breaks fails the statement it is used for, and the pool drops it. Its error event comes
    // besides, also between two statements; without a listener it would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (session) => session.on('error', () => undefined));
  }

  /** @throws CodedError STORE_UNAVAILABLE if the session was not free in time, or the database has broken. */
  async connect(): Promise<PostgresPoolClient> {
    try {
      return new Client(await this.#pool.connect(), this.#prepared);
    } catch (cause) {
      throw new CodedError('STORE_UNAVAILABLE', {}, { cause });
    }
  }

  /** A database that broke is left as it is, for the next process to recover from its log. */
  async end(): Promise<void> {
    await this.#pool.end();
    if (!this.#broken) await this.database.close();
  }

  /** To PGlite all sessions are one: what a broken one left open, prepared or set must not go on in the next. */
  async #clean(session: pg.ClientBase): Promise<void> {
    if (this.#broken) throw this.#broken;
    await session.query('rollback');
    await session.query('discard all');
  }
}

/**
 * Copies the empty database that the build made: to make one takes three seconds, and 130 MB that a process never gives
 * back. The folder has its name only when it is complete, and is its owner's alone: a database cut short while it
 * was created cannot be opened.
 */
async function create(folder: string): Promise<void> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  // Hundreds of small files: the asynchronous copy takes twice as long.
  cpSync(EMPTY_STORE, unfinished, { recursive: true });
  await chmod(unfinished, 0o700);
  await rename(unfinished, folder);
}

/**
 * Opens the database in `<dataDir>/store`; creates it if there is none.
 * @throws FolderLockedError if another process has it open
 */
export async function openPglite(
  dataDir: string,
): Promise<{ dialect: PostgresDialect; unlock: () => void; failed: Promise<never> }> {
  const unlock = lockFolder(dataDir);
  try {
    const folder = `${dataDir}/store`;
    if (!existsSync(folder)) await create(folder);
    setFlagsFromString(`--wasm-tiering-budget=${WASM_TIERING_BUDGET}`);
    const database = await PGlite.create(folder, { startParams: START_PARAMETERS });
    const pool = new SessionPool(database);
    return { dialect: new PostgresDialect({ pool }), unlock, failed: pool.failed };
  } catch (error) {
    unlock();
    throw error;
  }
}

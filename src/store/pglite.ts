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

const EMPTY_STORE = compiledPath('./empty', import.meta.url);

class Client implements PostgresPoolClient {
  constructor(
    private readonly session: pg.Client,
    private readonly prepared: PreparedStatements,
    readonly release: () => void,
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

/** A pool of the one session; callers get it in the order in which they asked. */
export class SessionPool implements PostgresPool {
  readonly #prepared = new PreparedStatements();
  #session: Promise<pg.Client> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: PGlite,
    private readonly timeout = SESSION_TIMEOUT,
  ) {}

  /** @throws CodedError STORE_UNAVAILABLE if the session was not free in time. */
  async connect(): Promise<PostgresPoolClient> {
    const before = this.#last;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    this.#last = before.then(() => released);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<true>((resolve) => {
      timer = setTimeout(resolve, this.timeout, true);
    });
    const isLate = await Promise.race([before, late]);
    clearTimeout(timer);
    if (isLate === true) {
      release();
      const cause = new Error(`the database session was not free for ${this.timeout} ms`);
      throw new CodedError('STORE_UNAVAILABLE', {}, { cause });
    }
    try {
      this.#session ??= this.#open();
      return new Client(await this.#session, this.#prepared, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.#last;
    await this.database.close();
  }

  async #open(): Promise<pg.Client> {
    const session = new pg.Client({
      user: 'postgres',
      database: 'postgres',
      // Whatever the environment says to clients of PostgreSQL.
      ssl: false,
      stream: () => new SessionStream(this.database),
      types,
    });
    // A database that broke fails the statement it is used for; without a listener the event would end the process.
    session.on('error', () => undefined);
    await session.connect();
    return session;
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
export async function openPglite(dataDir: string): Promise<{ dialect: PostgresDialect; unlock: () => void }> {
  const unlock = lockFolder(dataDir);
  try {
    const folder = `${dataDir}/store`;
    if (!existsSync(folder)) await create(folder);
    const database = await PGlite.create(folder, { startParams: START_PARAMETERS });
    return { dialect: new PostgresDialect({ pool: new SessionPool(database) }), unlock };
  } catch (error) {
    unlock();
    throw error;
  }
}

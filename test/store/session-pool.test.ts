import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { openStore } from '../../src/store/index.js';
import { SessionPool } from '../../src/store/pglite.js';
import { SessionStream } from '../../src/store/session-stream.js';

type Ask = PGlite['execProtocolRawStream'];

const message = (text: string) => Buffer.from(text, 'latin1');
/** What PostgreSQL says to a session that somebody ended, in its protocol. */
const ENDED_FROM_OUTSIDE = message('E\0\0\0\x35SFATAL\0VFATAL\0C57P01\0Mended by an administrator\0\0\0');
const GARBLED = message('!\0\0\0\x04!\0\0\0\x04');
const SYNC = message('S\0\0\0\x04');

/** An embedded database whose sessions a test can break. */
class Breakable {
  /** How the next message is answered. */
  next: Ask | undefined;
  private readonly connect = jest.spyOn(SessionStream.prototype, 'connect');

  constructor(private readonly database: PGlite) {}

  execProtocolRawStream: Ask = (asked, options) => {
    const ask = this.next ?? this.honest;
    this.next = undefined;
    return ask(asked, options);
  };

  /** The session's stream closes before anything is done. */
  readonly closedBefore: Ask = async () => {
    (this.connect.mock.contexts.at(-1) as SessionStream).destroy();
  };

  /** It closes when it is done, before anybody hears of it. */
  readonly closedAfter: Ask = async (asked, options) => {
    await this.honest(asked, { ...options, onRawData: () => undefined });
    await this.closedBefore(asked, options);
  };

  /** The answer cannot be understood. */
  readonly garbled: Ask = async (asked, options) => {
    options?.onRawData?.(GARBLED);
    await this.honest(asked, options);
  };

  /** The session is ended right after the answer. */
  readonly ended: Ask = async (asked, options) => {
    await this.honest(asked, options);
    options?.onRawData?.(ENDED_FROM_OUTSIDE);
    await this.honest(SYNC, options);
  };

  close(): Promise<void> {
    this.connect.mockRestore();
    return this.database.close();
  }

  private readonly honest: Ask = (asked, options) => this.database.execProtocolRawStream(asked, options);
}

describe('a session with the embedded database that breaks', () => {
  let database: Breakable;
  let pool: SessionPool;
  let db: Kysely<{ t: { n: number } }>;

  beforeAll(async () => {
    database = new Breakable(await PGlite.create());
    pool = new SessionPool(database, 20_000);
    db = new Kysely({ dialect: new PostgresDialect({ pool }) });
    await sql`create table t (n integer primary key)`.execute(db);
  }, 120_000);
  beforeEach(() => sql`delete from t`.execute(db));
  afterAll(() => db.destroy());

  const insert = (n: number, into = db) => into.insertInto('t').values({ n }).execute();
  const numbers = async () => (await db.selectFrom('t').selectAll().orderBy('n').execute()).map(({ n }) => n);
  const WAYS = ['closedBefore', 'closedAfter', 'garbled'] as const;

  it.each(WAYS)('in a statement (%s) fails that one alone', async (how) => {
    database.next = database[how];
    await expect(insert(1)).rejects.toThrow();
    expect(await numbers()).toEqual(how === 'closedBefore' ? [] : [1]);
    await insert(2);
    expect(await numbers()).toContain(2);
  });

  it.each([0, 1, 2])('in a transaction, at statement %d, leaves nothing of it', async (good) => {
    const broken = db.transaction().execute(async (trx) => {
      for (let n = 0; n < good; n++) await insert(n, trx);
      database.next = database.closedAfter;
      await insert(100, trx).catch(() => undefined);
      // Who overlooks that it broke cannot go on in the next session.
      await insert(101, trx);
    });
    await expect(broken).rejects.toThrow();
    expect(await numbers()).toEqual([]);
    await insert(5);
    expect(await numbers()).toEqual([5]);
  });

  it.each(WAYS)('at a commit (%s) leaves all of the transaction or nothing', async (how) => {
    const broken = db.transaction().execute(async (trx) => {
      await insert(1, trx);
      await insert(2, trx);
      database.next = database[how];
    });
    await expect(broken).rejects.toThrow();
    expect(await numbers()).toEqual(how === 'closedBefore' ? [] : [1, 2]);
  });

  it('between statements is not noticed by the next one', async () => {
    database.next = database.ended;
    await sql`select 1`.execute(db);
    await insert(1);
    expect(await numbers()).toEqual([1]);
  });

  it('serves those who wait', async () => {
    const held = await pool.connect();
    const waiting = Array.from({ length: 20 }, (_, n) => insert(n));
    database.next = database.closedAfter;
    await expect(held.query('select 1', [])).rejects.toThrow();
    held.release();
    await Promise.all(waiting);
    expect(await numbers()).toHaveLength(20);
  });

  it('takes what it had prepared and set with it', async () => {
    await sql`set statement_timeout = 1234`.execute(db);
    // Often enough to be prepared.
    for (let n = 0; n < 10; n++) await insert(n);
    database.next = database.closedBefore;
    await expect(insert(10)).rejects.toThrow();
    for (let n = 10; n < 20; n++) await insert(n);
    expect(await numbers()).toHaveLength(20);
    const { rows } = await sql`show statement_timeout`.execute(db);
    expect(rows).toEqual([{ statement_timeout: '0' }]);
  });
});

it.each([
  ['leaves an answer without an end', async () => undefined],
  ['throws', () => Promise.reject(new Error('unreachable'))],
] as Array<[string, Ask]>)(
  'gives no session of a database that %s, and says so',
  async (_how, broken) => {
    const inner = await PGlite.create();
    const database = new Breakable(inner);
    const pool = new SessionPool(database, 20_000);
    const held = await pool.connect();
    const waiting = pool.connect();
    database.next = broken;
    const unavailable = { code: 'STORE_UNAVAILABLE' };
    await Promise.all([
      expect(held.query('select 1', [])).rejects.toMatchObject(unavailable),
      expect(pool.failed).rejects.toMatchObject(unavailable),
    ]);
    held.release();
    await expect(waiting).rejects.toMatchObject(unavailable);
    await expect(pool.connect()).rejects.toMatchObject(unavailable);
    await pool.end();
    expect(inner.closed).toBe(false);
    await database.close();
  },
  120_000,
);

it('says so after a panic of the embedded database', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'temposlice-store-'));
  const store = await openStore({ dataDir });
  // Without room for its log, PostgreSQL panics when it needs the next file of it.
  await rm(join(dataDir, 'store', 'pg_wal'), { recursive: true });
  const writing = (async () => {
    for (;;) await store.audit.append({ action: 'x', detail: randomBytes(2 ** 20).toString('base64') });
  })();
  await Promise.all([
    expect(writing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' }),
    expect(store.failed).rejects.toMatchObject({ cause: { message: expect.stringContaining('pg_wal') } }),
  ]);
  await expect(store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await store.close();
  await rm(dataDir, { recursive: true });
}, 120_000);

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { startMaintenance } from '../../src/store/maintenance.js';
import { SessionPool } from '../../src/store/pglite.js';
import { postgresDialect } from '../../src/store/postgres.js';
import type { Schema } from '../../src/store/schema.js';
import { FolderLockedError } from '../../src/store/folder-lock.js';
import { openStore } from '../../src/store/index.js';
import { makeExecution, makeJob } from '../support/executions.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { SOURCES } from '../support/stores.js';
import { until } from '../support/until.js';
import { collectGarbage } from '../support/garbage.js';
import { listed } from '../support/listed.js';

describe.each(SOURCES)('the store in %s', (_kind, makeSource) => {
  it('answers a ping, keeps an audit trail, and looks for anything without harm', async () => {
    const source = await makeSource();
    const store = await source.open();
    await expect(store.ping()).resolves.toBeUndefined();
    await store.audit.append({ action: 'stop', ex_id: 'ex \0', detail: { nul: '\0' } });
    await store.audit.append({ action: 'start' });
    await expect(store.jobs.get('a \0 b')).resolves.toBeUndefined();
    await expect(
      listed(store.executions.list({ statuses: ["'; drop table jobs; --", '\0'] })),
    ).resolves.toEqual([]);
    await expect(listed(store.jobs.list({ from: 1e300, size: 1e300 }))).resolves.toEqual([]);
    await store.close();
    await expect(store.ping()).rejects.toThrow();
    await source.dispose();
  }, 60_000);
});

describe('the embedded store', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'temposlice-store-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('is open in one place at a time, and says in which', async () => {
    const store = await openStore({ dataDir });
    const refusal = await openStore({ dataDir }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(FolderLockedError);
    expect(refusal).toMatchObject({ folder: dataDir, pid: process.pid });
    expect(String(refusal)).toContain(`in use by process ${process.pid}`);
    await store.close();
    await (await openStore({ dataDir })).close();
  }, 60_000);

  it('is not kept locked by a lock file that was left behind', async () => {
    await writeFile(join(dataDir, 'store.lock'), '1\n');
    await (await openStore({ dataDir })).close();
  }, 60_000);

  it('opens whatever the environment says to clients of PostgreSQL', async () => {
    const before = process.env.PGSSLMODE;
    process.env.PGSSLMODE = 'require';
    try {
      await (await openStore({ dataDir })).close();
    } finally {
      if (before === undefined) delete process.env.PGSSLMODE;
      else process.env.PGSSLMODE = before;
    }
  }, 60_000);

  it('starts anew where its creation was cut short', async () => {
    await mkdir(join(dataDir, 'store.new', 'base'), { recursive: true });
    await writeFile(join(dataDir, 'store.new', 'PG_VERSION'), '18\n');
    await (await openStore({ dataDir })).close();
    expect((await readdir(dataDir)).sort()).toEqual(['store', 'store.lock']);
  }, 60_000);

  it('gives its session to one caller after the other, and not for ever', async () => {
    const database = await PGlite.create();
    const pool = new SessionPool(database, 200);
    const order: string[] = [];
    const use = async (name: string) => {
      const client = await pool.connect();
      order.push(name);
      await client.query('select 1', []);
      order.push(name);
      client.release();
    };
    await Promise.all(['a', 'b', 'c'].map(use));
    expect(order).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);

    const held = await pool.connect();
    await expect(pool.connect()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const next = pool.connect();
    held.release();
    (await next).release();
    await pool.end();
  }, 60_000);

  it('keeps nothing of what it answered, and goes on after an error', async () => {
    const database = await PGlite.create();
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: new SessionPool(database) }) });
    const length = 2 ** 20;
    const ask = async () => {
      const { rows } = await sql<{ text: string }>`select repeat('x', ${length}::integer) as text`.execute(
        db,
      );
      expect(rows[0]?.text).toHaveLength(length);
    };
    const askOften = async (times: number) => {
      for (let i = 0; i < times; i++) await ask();
    };
    // Once the database has the memory that it needs.
    await askOften(50);
    collectGarbage();
    const before = process.memoryUsage();
    await askOften(200);
    await expect(sql`select ${'x'}::integer`.execute(db)).rejects.toMatchObject({ code: '22P02' });
    await ask();
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    expect(heapUsed + external - before.heapUsed - before.external).toBeLessThan(100 * length);
    await db.destroy();
  }, 60_000);

  it('reuses the room of deleted rows, as a vacuum does', async () => {
    const database = await PGlite.create();
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: new SessionPool(database) }) });
    await sql`create table t as select generate_series(1, 10000) as n`.execute(db);
    await sql`delete from t`.execute(db);
    const size = async () => {
      const { rows } = await sql<{ size: number }>`select pg_relation_size('t')::integer as size`.execute(db);
      return rows[0]?.size;
    };
    expect(await size()).toBeGreaterThan(100_000);
    const stop = startMaintenance(db, 20);
    while ((await size()) !== 0) await new Promise(setImmediate);
    await stop();
    await db.destroy();
  }, 60_000);

  it('loses no acknowledged write when its process is killed', async () => {
    const rounds = 3;
    const acknowledged: string[] = [];
    const child = join(import.meta.dirname, 'writer.ts');
    for (let round = 0; round < rounds; round++) {
      const writer = fork(child, [dataDir], {
        execArgv: ['--import', join(import.meta.dirname, '../support/typescript.mjs')],
      });
      const written: string[] = [];
      const target = 20 + Math.floor(Math.random() * 200);
      await once(writer, 'message');
      await expect(openStore({ dataDir })).rejects.toMatchObject({
        name: 'FolderLockedError',
        pid: writer.pid,
      });
      writer.on('message', (id: string) => {
        written.push(id);
        if (written.length === target) writer.kill('SIGKILL');
      });
      const [code, signal] = (await once(writer, 'exit')) as [number | null, string | null];
      expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
      acknowledged.push(...written);

      const store = await openStore({ dataDir });
      for (const id of written) {
        await expect(store.executions.get(id)).resolves.toMatchObject({
          status_seq: 1,
          doc: { _status: 'running' },
        });
      }
      const found = await listed(store.executions.list({ size: 1e6 }));
      const ids = new Set(found.map((doc) => doc.ex_id));
      expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
      await store.close();
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(rounds * 20);
  }, 120_000);
});

describe('PostgreSQL', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  it('is set up once by masters that come at the same time', async () => {
    const url = await server.database();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ url, dataDir: '' })));
    const job = makeJob();
    await stores[0]?.jobs.insert(job);
    for (const store of stores) await expect(store.jobs.get(job.job_id)).resolves.toEqual(job);

    const attempts = stores.map((store) => store.executions.insert(makeExecution({ job_id: job.job_id })));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    await Promise.all(stores.map((store) => store.close()));
  }, 60_000);

  it('ends the turn of a master that is suspended, and another one takes its place', async () => {
    const url = await server.database();
    const [suspended, other] = await Promise.all([
      openStore({ url, dataDir: '' }),
      openStore({ url, dataDir: '' }),
    ]);
    let resume: () => void = () => undefined;
    let begun: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (begun = resolve));
    const held = suspended.placement.exclusively(async (tables) => {
      begun();
      await new Promise<void>((resolve) => (resume = resolve));
      return tables.nodes();
    });
    held.catch(() => undefined);
    await inside;
    await expect(other.placement.exclusively((tables) => tables.nodes())).resolves.toEqual([]);
    resume();
    await expect(held).rejects.toThrow();
    await expect(suspended.placement.exclusively((tables) => tables.nodes())).resolves.toEqual([]);
    await Promise.all([suspended.close(), other.close()]);
  }, 60_000);

  it('does not let a statement or the wait for a lock last for ever, but for a migration', async () => {
    const url = await server.database();
    const blocking = new pg.Client(url);
    await blocking.connect();
    // What Kysely's migrator waits for: another master that migrates.
    await blocking.query('select pg_advisory_lock(3853314791062309107)');
    const opening = openStore({ url: `${url}?lock_timeout=100&statement_timeout=200`, dataDir: '' });
    opening.catch(() => undefined);
    const waits =
      "select from pg_stat_activity where wait_event_type = 'Lock' and state_change < now() - interval '1s'";
    await until(async () => (await blocking.query(waits)).rowCount === 1);
    await blocking.query('select pg_advisory_unlock(3853314791062309107)');
    const store = await opening;

    await blocking.query('begin; lock table executions');
    await expect(store.executions.get('any')).rejects.toThrow('lock timeout');
    await blocking.query('rollback');
    await expect(store.executions.get('any')).resolves.toBeUndefined();
    await Promise.all([store.close(), blocking.end()]);

    const db = new Kysely<Schema>({ dialect: postgresDialect(url) });
    const { rows } = await sql<{ name: string; setting: string }>`
      select name, setting from pg_settings where name in
        ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout')
    `.execute(db);
    expect(rows.filter(({ setting }) => Number(setting) > 0)).toHaveLength(3);
    await db.destroy();
  }, 60_000);

  it('sweeps away slices that a crash left staged, but not those being staged now', async () => {
    const url = await server.database();
    await (await openStore({ url, dataDir: '' })).close();
    const db = new Kysely<Schema>({ dialect: postgresDialect(url) });
    const rows = [
      { ex_id: 'crashed', staged: new Date(Date.now() - 2 * 3_600_000).toISOString() },
      { ex_id: 'staging', staged: new Date().toISOString() },
    ];
    await db
      .insertInto('recovered_slices')
      .values(rows.map((row) => ({ ...row, position: 0, slicer_id: 0, slicer_order: 1, request: '{}' })))
      .execute();
    await (await openStore({ url, dataDir: '' })).close();
    await expect(db.selectFrom('recovered_slices').select('ex_id').execute()).resolves.toEqual([
      { ex_id: 'staging' },
    ]);
    await db.destroy();
  }, 60_000);

  it('that cannot be reached is said to be, and is used again once it can', async () => {
    await expect(openStore({ url: 'postgres://127.0.0.1:1/none', dataDir: '' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      status: 503,
    });
    const store = await openStore({ url: server.url, dataDir: '' });
    const other = new Kysely<Schema>({ dialect: postgresDialect(server.url) });
    const others = sql`from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;
    const breakAll = async () => {
      await sql`select pg_terminate_backend(pid) ${others}`.execute(other);
      while ((await sql`select pid ${others}`.execute(other)).rows.length > 0)
        await new Promise(setImmediate);
    };

    const broken = store.placement.exclusively(async (tables) => {
      await breakAll();
      return tables.nodes();
    });
    await expect(broken).rejects.toThrow();
    await breakAll();
    await other.destroy();

    const answered = async () =>
      store.ping().then(
        () => true,
        () => false,
      );
    while (!(await answered())) await new Promise(setImmediate);
    await store.close();
  }, 60_000);
});

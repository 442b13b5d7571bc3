import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, Migrator, PostgresDialect, sql } from 'kysely';
import { openStore } from '../../src/store/index.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { SessionPool } from '../../src/store/pglite.js';
import { makeExecution, makeJob } from '../support/executions.js';
import { listed } from '../support/listed.js';

describe('migrations', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'temposlice-migrations-'));
  });

  afterEach(() => rm(dataDir, { recursive: true }));

  /** Leaves a store as it was after the migration of that name, with what `fill` puts into it. */
  const storeOf = async (name: string, fill: (db: Kysely<unknown>) => Promise<void>): Promise<void> => {
    const database = await PGlite.create(join(dataDir, 'store'));
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new SessionPool(database) }) });
    const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
    const { error } = await migrator.migrateTo(name);
    expect(error).toBeUndefined();
    await fill(db);
    await db.destroy();
  };

  it('keep all that a store knew of its executions', async () => {
    const ended = makeExecution({ _status: 'failed', name: 'ended' });
    const active = makeExecution({ name: 'active', assets: ['b'] });
    const job = makeJob({ assets: ['named:^1'] });
    const illFormed = makeExecution({
      _status: 'failed',
      name: 'ill-formed',
      assets: ['a', 'b'],
      note: '\ud83d',
    });
    const illFormedState = {
      _failureReason: 'half of \ud83d',
      metadata: { nul: '\0' },
      _slicer_stats: { slicers: 2 },
    };
    const counters = { stats: { queued: 3 } };
    const report = { issued: 7, completed: 6 };
    const recovery = { last: [], slicerDone: true, replayOnly: false };
    await storeOf('0005_forced_hosts', async (db) => {
      const insert = async (doc: typeof ended, state: object, further: Array<object | null>) => {
        const [told, reported, start] = further.map((value) => value && JSON.stringify(value));
        await sql`
          insert into executions (ex_id, job_id, name, _status, _created, _updated, workers_wanted, state, counters, report, recovery)
          values (${doc.ex_id}, ${doc.job_id}, ${doc.name}, ${doc._status}, ${doc._created}, ${doc._updated}, 2,
            ${JSON.stringify(state)}, ${told}, ${reported}, ${start})`.execute(db);
        await sql`insert into execution_specs values (${doc.ex_id}, ${JSON.stringify(doc)})`.execute(db);
      };
      await insert(ended, { metadata: { a: 1 }, _slicer_stats: { job_duration: 5, slicers: 1 } }, [
        counters,
        report,
        null,
      ]);
      await sql`insert into jobs (job_id, _created, _updated, doc) values (${job.job_id}, ${job._created}, ${job._updated}, ${JSON.stringify(job)})`.execute(
        db,
      );
      await insert(illFormed, illFormedState, [null, null, null]);
      await insert(active, { metadata: {} }, [counters, null, recovery]);
    });

    const store = await openStore({ dataDir });
    await expect(store.executions.get(ended.ex_id)).resolves.toMatchObject({
      doc: { ...ended, metadata: { a: 1 }, _slicer_stats: { job_duration: 5, slicers: 1 } },
      workers_wanted: 2,
      counters,
      report,
      recovery: null,
    });
    await expect(store.executions.get(illFormed.ex_id)).resolves.toMatchObject({ doc: illFormedState });
    await expect(store.executions.active()).resolves.toMatchObject([{ ex_id: active.ex_id, counters }]);
    await expect(store.executions.get(active.ex_id)).resolves.toMatchObject({
      ...{ doc: active, counters, report: null, recovery },
    });
    await expect(listed(store.executions.list({ filter: 'name:ended' }))).resolves.toMatchObject([
      { ex_id: ended.ex_id },
    ]);
    await expect(
      listed(store.executions.list({ filter: 'assets:b', sort: 'name:asc' })),
    ).resolves.toMatchObject([{ ex_id: active.ex_id }, { ex_id: illFormed.ex_id }]);
    await expect(listed(store.executions.list({ filter: '-_exists_:assets' }))).resolves.toMatchObject([
      { ex_id: ended.ex_id },
    ]);
    await expect(listed(store.jobs.list({ filter: 'assets:named*' }))).resolves.toEqual([job]);
    await expect(store.executions.clusterTotals()).resolves.toMatchObject({ job_duration: 5, queued: 3 });
    await store.close();
  });
});

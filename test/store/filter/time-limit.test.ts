import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, type PostgresDialect, sql } from 'kysely';
import { compileFilter } from '../../../src/store/filter/compile.js';
import { finished } from '../../../src/store/filter/index.js';
import { openPglite } from '../../../src/store/pglite.js';
import { postgresDialect } from '../../../src/store/postgres.js';
import { startPostgres } from '../../support/postgres.js';

const FIELDS = { name: 'words', tags: 'texts', place: 'text' } as const;

async function pglite(): Promise<{ dialect: PostgresDialect; dispose: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'temposlice-filter-'));
  const { dialect, unlock } = await openPglite(dataDir);
  return {
    dialect,
    dispose: async () => {
      unlock();
      await rm(dataDir, { recursive: true });
    },
  };
}

async function postgres(): Promise<{ dialect: PostgresDialect; dispose: () => Promise<void> }> {
  const server = await startPostgres();
  return { dialect: postgresDialect(server.url), dispose: () => server.stop() };
}

describe.each([
  ['PGlite', pglite],
  ['PostgreSQL', postgres],
])('the time of a filter in %s', (_kind, open) => {
  let db: Kysely<unknown>;
  let dispose: () => Promise<void>;
  beforeAll(async () => {
    const opened = await open();
    ({ dispose } = opened);
    db = new Kysely({ dialect: opened.dialect });
  }, 60_000);
  afterAll(async () => {
    await db.destroy();
    await dispose();
  });

  async function count(filter: string, limitMs?: number): Promise<number | undefined> {
    const condition = compileFilter(filter, FIELDS, limitMs === undefined ? {} : { limitMs });
    const { rows } = await finished(
      sql<{ count: number }>`
        select count(*)::integer as count
        from (values ('a word', array['one'], 'here')) as listed (name, tags, place)
        where ${condition}
      `.execute(db),
    );
    return rows[0]?.count;
  }

  it.each([
    'name:word',
    'name:(a AND w*d)',
    'NOT name:nobody',
    'tags:o*',
    'word',
    '_exists_:name AND name:"a word"',
  ])('ends the statement when it is over: %s', async (filter) => {
    await expect(count(filter, 0)).rejects.toMatchObject({ code: 'FILTER_TOO_SLOW', status: 400 });
    await expect(count(filter)).resolves.toBe(1);
  });

  it.each(['place:here', 'place:h*', 'tags:one', '_exists_:name'])(
    'does not matter to %s',
    async (filter) => {
      await expect(count(filter, 0)).resolves.toBe(1);
    },
  );
});

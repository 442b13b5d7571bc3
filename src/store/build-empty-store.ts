import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect } from 'kysely';
import { migrate } from './migrations.js';
import { SessionPool } from './pglite.js';
import type { Schema } from './schema.js';

/** Makes an empty embedded database with its schema, once, at build time; `pglite.ts` copies it. */
const folder = fileURLToPath(new URL('./empty', import.meta.url));
await rm(folder, { recursive: true, force: true });
const database = await PGlite.create(folder);
// No other database will be made in it, and each template is three hundred files to copy.
await database.query("update pg_database set datistemplate = false where datname like 'template%'");
for (const template of ['template0', 'template1']) await database.query(`drop database ${template}`);
const pool = new SessionPool(database);
const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
await migrate(db);
await db.destroy();
// What made it keeps timers of its own.
process.exit(0);

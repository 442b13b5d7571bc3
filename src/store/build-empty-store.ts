import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';

/** Makes an empty embedded database, once, at build time; `pglite.ts` copies it. */
const folder = fileURLToPath(new URL('./empty', import.meta.url));
await rm(folder, { recursive: true, force: true });
const database = await PGlite.create(folder);
await database.close();
// What made it keeps timers of its own.
process.exit(0);

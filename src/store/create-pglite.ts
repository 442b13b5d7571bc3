import { PGlite } from '@electric-sql/pglite';
import { dieWithParent } from '../operations/parent-watch.js';

/** The process that makes a new embedded database in the folder it is given. It ends with its parent. */
dieWithParent();

const database = await PGlite.create(process.argv[2] as string);
await database.close();
process.exit(0);

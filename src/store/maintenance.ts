import { sql } from 'kysely';
import type { Database } from './schema.js';

/** Pause between two rounds in ms. */
const INTERVAL = 10 * 60_000;

/**
 * Does what PostgreSQL's autovacuum does, which PGlite has no process for: reuses the room of old row
 * versions and keeps the planner's statistics. Table by table, so that other statements get their turn.
 *
 * @returns a function that ends it, after the table it is at
 */
export function startMaintenance(db: Database, interval = INTERVAL): () => Promise<void> {
  let stopped = false;
  let round: Promise<void> = Promise.resolve();

  const vacuum = async (): Promise<void> => {
    const tables = await db.introspection.getTables();
    for (const { name } of tables) {
      if (stopped) return;
      await sql`vacuum (analyze) ${sql.table(name)}`.execute(db);
    }
  };
  const timer = setInterval(() => {
    // A round that fails loses nothing; the next one does its work.
    round = round.then(vacuum).catch(() => undefined);
  }, interval);
  timer.unref();

  return async () => {
    stopped = true;
    clearInterval(timer);
    await round;
  };
}

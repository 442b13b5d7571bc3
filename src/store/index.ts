import { Kysely, type PostgresDialect, sql } from 'kysely';
import { startMaintenance } from './maintenance.js';
import { migrate } from './migrations.js';
import { wellFormedPlugin } from './well-formed-plugin.js';
import { openPglite } from './pglite.js';
import { postgresDialect } from './postgres.js';
import type { Schema } from './schema.js';
import { sweepChunks, UPLOAD_MINUTES } from './tables/asset-chunks.js';
import { assetStore } from './tables/assets.js';
import { auditStore } from './tables/audit.js';
import { executionStore } from './tables/executions.js';
import { failedSliceStore } from './tables/failed-slices.js';
import { jobStore } from './tables/jobs.js';
import { placementStore } from './tables/placement.js';
import { purgeExecutions, sweepPurged } from './tables/purge.js';
import { sweepStaged } from './tables/recovered-slices.js';
import { slicePageStore } from './tables/slice-pages.js';
import type { Store } from './types.js';

export * from './types.js';

export interface StoreOptions {
  /** PostgreSQL URL. Undefined: PGlite in `<dataDir>/store`, which one process at a time can open. */
  url?: string;
  dataDir: string;
}

/** Other connections to PostgreSQL can be had at any time. */
const NEVER = new Promise<never>(() => undefined);

/**
 * Opens the store and brings its schema up to date.
 * @throws FolderLockedError if another process has the embedded store open
 * @throws CodedError STORE_UNAVAILABLE if PostgreSQL cannot be reached
 */
export async function openStore({ url, dataDir }: StoreOptions): Promise<Store> {
  if (url !== undefined) return open(postgresDialect(url), NEVER);
  const { dialect, unlock, failed } = await openPglite(dataDir);
  return open(dialect, failed, unlock);
}

/** `unlock`: only the embedded database has it, and only that one must be maintained from here. */
async function open(dialect: PostgresDialect, failed: Promise<never>, unlock?: () => void): Promise<Store> {
  const db = new Kysely<Schema>({ dialect, plugins: [wellFormedPlugin()] });
  const stopMaintenance = unlock && startMaintenance(db);
  const close = async (): Promise<void> => {
    await stopMaintenance?.();
    await db.destroy();
    unlock?.();
  };
  try {
    await migrate(db);
    await sweepStaged(db);
    // Nobody else can be uploading into an embedded store.
    await sweepChunks(db, unlock ? 0 : UPLOAD_MINUTES);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    jobs: jobStore(db),
    executions: executionStore(db),
    failures: failedSliceStore(db),
    pages: slicePageStore(db),
    assets: assetStore(db),
    placement: placementStore(db),
    audit: auditStore(db),
    purge: {
      executions: (before, limit) => purgeExecutions(db, before, limit),
      sweep: (before) => sweepPurged(db, before),
    },
    shared: unlock === undefined,
    failed,
    ping: async () => {
      await sql`select 1`.execute(db);
    },
    close,
  };
}

/** What the store keeps, as its callers see it. One interface a table; `openStore` gives them all. */

import type { AssetStore } from './types/assets.js';
import type { ExecutionStore } from './types/executions.js';
import type { JobStore } from './types/jobs.js';
import type { PlacementStore } from './types/placement.js';
import type { FailedSliceStore, SlicePageStore } from './types/slices.js';

export * from './types/assets.js';
export * from './types/executions.js';
export * from './types/jobs.js';
export * from './types/lists.js';
export * from './types/placement.js';
export * from './types/slices.js';

export interface AuditStore {
  /** Who asked for what: kept for a person to read, never read by the server. */
  append(entry: { action: string; job_id?: string; ex_id?: string; detail?: unknown }): Promise<void>;
}

export interface PurgeStore {
  /** Deletes at most `limit` executions that ended and have not changed since `before` (ISO time); how many. */
  executions(before: string, limit: number): Promise<number>;
  /** Removes what an interrupted deletion left, and what was noted before `before` of requests that made no execution. */
  sweep(before: string): Promise<void>;
}

export interface Store {
  jobs: JobStore;
  executions: ExecutionStore;
  failures: FailedSliceStore;
  pages: SlicePageStore;
  assets: AssetStore;
  placement: PlacementStore;
  audit: AuditStore;
  purge: PurgeStore;
  /** Whether other processes may write into it, too. */
  shared: boolean;
  /**
   * Rejects when the store will not answer this process any more, whatever comes: an embedded database that broke has to be
   * opened by another process. Never resolves.
   */
  failed: Promise<never>;
  /** A cheap round trip; rejects when the store cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

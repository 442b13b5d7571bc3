import type { Router } from 'express';
import type { Logger } from 'pino';
import type { Settings } from '../settings.js';
import type { Store } from '../store/types.js';
import type { Engine } from './engine.js';
import type { AssetService } from './services/assets.js';
import type { JobValidator } from './validator.js';

/** What the API stands on. */
export interface ApiDependencies {
  store: Store;
  engine: Engine;
  validator: JobValidator;
  assets: AssetService;
  settings: Settings;
  logger: Logger;
  /** Version of this server, answered as `temposlice_version`. */
  version: string;
  /** Endpoints for nodes, mounted at `/internal` behind the cluster token. */
  internal?: Router;
  /** Payload decoder for Temporal's Web UI, mounted at `/codec`; pages of `settings.temporalUiUrl` may call it. */
  codec?: Router;
  /** Further checks for `/healthz`, by name: null if all is well, else what is wrong. The store is always checked. */
  health?: () => Promise<Record<string, string | null>>;
}

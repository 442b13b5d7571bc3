import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '../../src/store/index.js';
import { startPostgres, type TestPostgres } from './postgres.js';

/** Where a kind of store comes from: `open` opens the same data each time, as other masters do. */
export interface StoreSource {
  open(): Promise<Store>;
  /** Whether several may be open at once. */
  shared: boolean;
  dispose(): Promise<void>;
}

export async function pgliteSource(): Promise<StoreSource> {
  const dataDir = await mkdtemp(join(tmpdir(), 'temposlice-store-'));
  return {
    open: () => openStore({ dataDir }),
    shared: false,
    dispose: () => rm(dataDir, { recursive: true, force: true }),
  };
}

export async function postgresSource(): Promise<StoreSource> {
  const server: TestPostgres = await startPostgres();
  return {
    open: () => openStore({ url: server.url, dataDir: tmpdir() }),
    shared: true,
    dispose: () => server.stop(),
  };
}

export const SOURCES: Array<[string, () => Promise<StoreSource>]> = [
  ['PGlite', pgliteSource],
  ['PostgreSQL', postgresSource],
];

import { randomUUID } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { acquireLock } from '../lock-file.js';
import { ASSET_ID, ContentId } from './content-id.js';
import { hasContent, MANIFEST_NAME, readManifest, stateOf } from './manifest.js';
import { unpack } from './unpack.js';

const TEMPORARY = '.new-';
/** Times that a folder is moved out of the way before installing is given up. */
const INSTALL_TRIES = 3;

/** Neither the cluster nor this machine has the asset. */
export class AssetGone extends Error {
  constructor(readonly id: string) {
    super(`Unable to find asset ${id}`);
    this.name = 'AssetGone';
  }
}

/**
 * The unpacked assets of this machine, `<directory>/<asset id>/`, as a cache of what the cluster has. Processes
 * may share the directory.
 *
 *     missing or damaged → (fetched, its hash compared, unpacked aside) → renamed into place → intact
 *        ↑───────────────────────────────(a file was lost or changed)───────────────────────────┘
 *
 * A folder is read through once by each process, and after any of its files changed. One without a manifest was
 * put there by a person, or is another program's: it is used as it is, and never removed.
 */
export class AssetFolders {
  /** What was last found intact, by asset. */
  private readonly intact = new Map<string, string>();
  private readonly pending = new Map<string, Promise<void>>();

  /**
   * @param directory made when it is first needed
   * @param fetch the zip file of an asset; undefined if the cluster has none of that id
   */
  constructor(
    readonly directory: string,
    private readonly fetch: (id: string) => Promise<Readable | undefined>,
  ) {}

  /**
   * Makes sure that the assets are there, unpacked and undamaged. Callers that want the same one share the work.
   * @throws AssetGone
   */
  async ensure(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.ensureOne(id)));
  }

  /** Whether a person has put a folder of that id there. */
  async hasOwn(id: string): Promise<boolean> {
    const folder = join(this.directory, id);
    if (!ASSET_ID.test(id) || existsSync(join(folder, MANIFEST_NAME))) return false;
    return (await stat(folder).catch(() => undefined))?.isDirectory() === true;
  }

  /**
   * Gives `work` an empty folder on the same file system and removes it afterwards; what a killed process leaves,
   * `sweep` removes.
   */
  async temporarily<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = join(this.directory, `${TEMPORARY}${randomUUID()}`);
    await mkdir(folder, { recursive: true });
    const release = acquireLock(join(folder, 'lock'));
    try {
      return await work(folder);
    } finally {
      release();
      // A file that was being opened when the work failed may come into being meanwhile.
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    }
  }

  /** Moves an unpacked asset into place, unless one that is intact or a person's is there. `aside`: a temporary folder. */
  async install(id: string, unpacked: string, aside: string): Promise<void> {
    const place = join(this.directory, id);
    for (let tries = 1; ; tries++) {
      try {
        await rename(unpacked, place);
        return;
      } catch (error) {
        if ((await this.isIntact(id)) || (await this.hasOwn(id))) return;
        if (tries === INSTALL_TRIES) throw error;
        // Another process may do the same at the same time.
        await rename(place, join(aside, `damaged-${tries}`)).catch(() => undefined);
      }
    }
  }

  /** Removes the temporary folders of processes that are gone. */
  async sweep(): Promise<void> {
    for (const name of await this.names((entry) => entry.startsWith(TEMPORARY))) {
      const folder = join(this.directory, name);
      try {
        acquireLock(join(folder, 'lock'))();
      } catch {
        continue;
      }
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Removes the folders of assets that the cluster has no more: all that `kept` does not give back. */
  async clean(kept: (ids: string[]) => Promise<string[]>): Promise<void> {
    const unpacked: string[] = [];
    for (const id of await this.names((name) => ASSET_ID.test(name))) {
      if ((await readManifest(join(this.directory, id))) !== undefined) unpacked.push(id);
    }
    if (unpacked.length === 0) return;
    const keep = new Set(await kept(unpacked));
    for (const id of unpacked.filter((candidate) => !keep.has(candidate) && !this.pending.has(candidate))) {
      this.intact.delete(id);
      // Aside first: nobody finds half of it in place.
      await this.temporarily((aside) => rename(join(this.directory, id), join(aside, id)));
    }
  }

  private ensureOne(id: string): Promise<void> {
    let work = this.pending.get(id);
    if (work === undefined) {
      work = this.obtain(id).finally(() => this.pending.delete(id));
      this.pending.set(id, work);
    }
    return work;
  }

  private async obtain(id: string): Promise<void> {
    if (!ASSET_ID.test(id)) throw new AssetGone(id);
    if ((await this.isIntact(id)) || (await this.hasOwn(id))) return;
    const zip = await this.fetch(id);
    if (zip === undefined) throw new AssetGone(id);
    await this.temporarily(async (folder) => {
      const hash = new ContentId();
      const path = join(folder, 'bundle.zip');
      await pipeline(zip, hash, createWriteStream(path));
      const found = hash.digest();
      if (found !== id) throw new Error(`asset ${id} arrived damaged: its hash is ${found}`);
      const unpacked = join(folder, 'files');
      await mkdir(unpacked);
      await unpack(path, unpacked);
      await this.install(id, unpacked, folder);
    });
  }

  private async isIntact(id: string): Promise<boolean> {
    const folder = join(this.directory, id);
    const manifest = await readManifest(folder);
    const state = manifest && (await stateOf(folder, manifest));
    if (manifest === undefined || state === undefined) return false;
    if (this.intact.get(id) === state) return true;
    if (!(await hasContent(folder, manifest).catch(() => false))) return false;
    this.intact.set(id, state);
    return true;
  }

  private async names(which: (name: string) => boolean): Promise<string[]> {
    try {
      return (await readdir(this.directory)).filter(which);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

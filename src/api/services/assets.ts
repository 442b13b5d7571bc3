import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { valid } from 'semver';
import { readAssetJson } from '../../assets/asset-json.js';
import { choose, inRange, rangeOf } from '../../assets/compatibility.js';
import { ASSET_ID, ContentId } from '../../assets/content-id.js';
import { AssetFolders } from '../../assets/folders.js';
import { qualifyNames } from '../../assets/identifiers.js';
import { unpack } from '../../assets/unpack.js';
import { CodedError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import { Places } from '../../places.js';
import type { AssetRecord, AssetStore, ListQuery } from '../../store/types.js';

/** Assets that one job may name, and characters of one of these names: each is looked up in the store. */
const MAX_ASSETS = 100;
const MAX_IDENTIFIER = 1_000;

/** Uploads that are unpacked at the same time, each of which may take a gigabyte of the disk. */
const UNPACKED_AT_ONCE = 2;
/** Longest that an upload waits for its turn, in ms. */
const UNPACKING_PATIENCE = 120_000;

/** How every zip file that has an entry begins. */
const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1');

/**
 * Asset bundles. Their bytes are in the store, which all masters have; the unpacked folders on this machine are
 * a cache that nodes and the validation of jobs load from.
 */
export class AssetService {
  readonly folders: AssetFolders;
  private readonly unpacking = new Places(UNPACKED_AT_ONCE, UNPACKING_PATIENCE);

  /**
   * @param directory of the unpacked assets
   * @param maxBytes size of a bundle, at most
   */
  constructor(
    private readonly store: AssetStore,
    directory: string,
    private readonly maxBytes: number,
    private readonly logger?: Logger,
  ) {
    this.folders = new AssetFolders(directory, async (id) => {
      const asset = await store.read(id);
      return asset && Readable.from(asset.bytes);
    });
  }

  /**
   * Checks and keeps a bundle. Whatever goes wrong, nothing of it is left.
   * @returns `created` false if the same bytes were there already
   * @throws CodedError ASSET_NOT_ZIP, BODY_TOO_LARGE, ASSET_ZIP_INVALID, ASSET_JSON_MISSING, ASSET_JSON_MALFORMED,
   *   ASSET_JSON_INVALID, ASSET_EXISTS, TOO_BUSY
   */
  async save(zip: AsyncIterable<Uint8Array>): Promise<{ id: string; created: boolean }> {
    return this.folders.temporarily(async (folder) => {
      const path = join(folder, 'bundle.zip');
      const hash = new ContentId();
      await pipeline(this.checked(zip), hash, createWriteStream(path));
      const id = hash.digest();
      if ((await this.store.get(id)) !== undefined) return { id, created: false };

      const created = await this.unpacking.in(() => this.keep(folder, path, id, hash.size));
      return { id, created };
    });
  }

  /** @returns false if the same bytes came meanwhile */
  private async keep(folder: string, zip: string, id: string, size: number): Promise<boolean> {
    const unpacked = join(folder, 'files');
    await mkdir(unpacked);
    await unpack(zip, unpacked);
    const metadata = await readAssetJson(unpacked);
    const location = await this.store.stage(createReadStream(zip));
    let created = false;
    try {
      const _created = new Date().toISOString();
      created = await this.store.insert({ ...metadata, id, _created, size, location });
    } finally {
      if (!created) await this.store.discard(location);
    }
    try {
      await this.folders.install(id, unpacked, folder);
    } catch (error) {
      // The asset is kept all the same; who needs the folder fetches it, or says why it cannot be.
      this.logger?.warn({ err: error, asset: id }, 'an uploaded asset could not be unpacked in its place');
    }
    return created;
  }

  /** @throws CodedError ASSET_NOT_FOUND */
  async remove(id: string): Promise<void> {
    if (!(await this.store.remove(id))) throw new CodedError('ASSET_NOT_FOUND', { id });
  }

  /** @param version an exact version, or a range of them; `latest` is any */
  async list(query: ListQuery & { name?: string; version?: string }): Promise<AssetRecord[]> {
    const { version, ...rest } = query;
    if (version === undefined) return this.store.list(rest);
    const range = rangeOf(version);
    if (rest.name === undefined || range === undefined) return [];
    if (valid(version) !== null) return this.store.list({ ...rest, versions: [version] });
    const assets = await this.store.named(rest.name);
    const versions = assets.map((asset) => asset.version).filter((candidate) => inRange(candidate, range));
    return this.store.list({ ...rest, versions });
  }

  /**
   * A job with the ids of its assets in the places of their names, in `assets` and in the names of operations and
   * APIs. When this returns, the assets are unpacked on this machine.
   * @throws CodedError JOB_INVALID
   */
  async pin(spec: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { assets } = spec;
    if (!Array.isArray(assets) || !assets.every((asset) => typeof asset === 'string')) return spec;
    const identifiers = new Set(assets);
    if (identifiers.size > MAX_ASSETS) throw refuse(`the job names more than ${MAX_ASSETS} assets`);
    try {
      const byIdentifier = new Map<string, string>();
      // One at a time: after the first that is not there, no other is looked for.
      for (const identifier of identifiers) byIdentifier.set(identifier, await this.resolve(identifier));
      const ids = [...new Set(byIdentifier.values())];
      await this.folders.ensure(ids);
      return { ...qualifyNames(spec, byIdentifier), assets: ids };
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      throw new CodedError('JOB_INVALID', { reason: (cause as Error).message }, { cause });
    }
  }

  /** The first of the ids that no execution can be started with any more; undefined if all are there. */
  async missing(ids: readonly string[]): Promise<string | undefined> {
    for (const id of ids) {
      if ((await this.store.get(id)) === undefined && !(await this.folders.hasOwn(id))) return id;
    }
    return undefined;
  }

  /** @param identifier an id, a name, or `name:range` (Teraslice's `docs/jobs/configuration.md`) */
  private async resolve(identifier: string): Promise<string> {
    if (identifier.length > MAX_IDENTIFIER) {
      throw refuse(`an asset is named with more than ${MAX_IDENTIFIER} characters`);
    }
    if (ASSET_ID.test(identifier) && (await this.missing([identifier])) === undefined) return identifier;
    const [name = '', version] = identifier.split(':');
    const range = rangeOf(version);
    if (range === undefined) throw refuse(`Version "${version}" is not a valid semver range`);
    const assets = await this.store.named(name);
    const result = choose(assets, range);
    if ('chosen' in result) return result.chosen.id;
    if (result.reasons.length === 0) throw refuse(`No assets found for "${identifier}"`);
    const mismatch = `${joined(result.reasons)} mismatch`;
    throw refuse(`No asset found for "${identifier}", due to a potential ${mismatch}`);
  }

  /** The bytes as they come, as long as they may be those of a bundle. */
  private async *checked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let head: Buffer | undefined = Buffer.alloc(0);
    let size = 0;
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > this.maxBytes) throw new CodedError('BODY_TOO_LARGE', { limit: this.maxBytes });
      if (head === undefined) {
        yield chunk;
        continue;
      }
      head = Buffer.concat([head, chunk]);
      if (head.length < ZIP_SIGNATURE.length) continue;
      if (!head.subarray(0, ZIP_SIGNATURE.length).equals(ZIP_SIGNATURE))
        throw new CodedError('ASSET_NOT_ZIP');
      yield head;
      head = undefined;
    }
    if (head !== undefined) throw new CodedError('ASSET_NOT_ZIP');
  }
}

const refuse = (reason: string): CodedError =>
  new CodedError('JOB_INVALID', { reason: `Failure to get assets, caused by ${reason}` });

/** `a`, `a or b`, `a, b or c`. */
const joined = (words: string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

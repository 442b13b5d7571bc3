import type { ListQuery } from './lists.js';

/** An asset as lists show it (Teraslice's `docs/management-apis/endpoints-json.md`). What is absent is a wildcard. */
export interface AssetRecord {
  /** See `ContentId`. */
  id: string;
  name: string;
  /** Semantic version, cleaned. */
  version: string;
  description?: string;
  /** Major version of Node. */
  node_version?: number;
  platform?: string;
  arch?: string;
  _created: string;
}

export interface StoredAsset extends AssetRecord {
  /** Bytes of the zip file. */
  size: number;
  /** What `stage` returned. */
  location: string;
}

export interface AssetStore {
  /** Stores the bytes of a zip file that no asset refers to yet. A crash leaves nothing of them for long. */
  stage(bytes: AsyncIterable<Uint8Array>): Promise<string>;
  /** Forgets staged bytes; those of an asset are kept. */
  discard(location: string): Promise<void>;
  /**
   * Makes staged bytes an asset. False if there is one of that id already; the staged bytes are of no use then.
   * @throws CodedError ASSET_EXISTS if there is another one with the same name, version and restrictions
   */
  insert(asset: StoredAsset): Promise<boolean>;
  get(id: string): Promise<AssetRecord | undefined>;
  /** All versions of an asset, newest upload first. */
  named(name: string): Promise<AssetRecord[]>;
  list(query: ListQuery & { name?: string; versions?: string[] }): Promise<AssetRecord[]>;
  /** Takes an asset out of sight; false if there is none. Its bytes are kept for executions until `purge`. */
  remove(id: string): Promise<boolean>;
  /** The zip file, also of a deleted asset whose bytes are still kept. */
  read(id: string): Promise<{ size: number; bytes: AsyncIterable<Uint8Array> } | undefined>;
  /** Those of the ids whose bytes are kept. */
  kept(ids: string[]): Promise<string[]>;
  /** Forgets assets that were deleted `grace` ms ago and that no active execution runs; returns their ids. */
  purge(grace: number): Promise<string[]>;
  wasAutoloaded(id: string): Promise<boolean>;
  setAutoloaded(id: string): Promise<void>;
}

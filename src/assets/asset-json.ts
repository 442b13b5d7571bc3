import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { clean, gt, valid } from 'semver';
import { CodedError } from '../errors.js';
import { TERASLICE_VERSION } from '../version.js';
import type { AssetRecord } from '../store/types.js';
import { cut } from '../text.js';
import { majorOf } from './compatibility.js';

/** Bytes of an asset.json, at most. */
const MAX_BYTES = 1_000_000;
/** UTF-16 units of a name, a version or the like, at most: they are indexed. */
const MAX_TEXT = 500;
/** UTF-16 units of a description that are kept: lists have thousands of them. */
const MAX_DESCRIPTION = 10_000;

/** What is kept of an asset.json; what is not there is a wildcard. */
export type AssetMetadata = Omit<AssetRecord, 'id' | '_created'>;

/**
 * Reads the asset.json of an unpacked bundle (Teraslice's `docs/asset-bundles/development.md`).
 * @throws CodedError ASSET_JSON_MISSING, ASSET_JSON_MALFORMED, ASSET_JSON_INVALID
 */
export async function readAssetJson(folder: string): Promise<AssetMetadata> {
  const path = join(folder, 'asset.json');
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true) throw new CodedError('ASSET_JSON_MISSING');
  if (stats.size > MAX_BYTES) throw invalid(`asset.json is larger than ${MAX_BYTES} bytes`);
  let content: unknown;
  try {
    // A byte order mark is no JSON, yet editors write it.
    content = JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new CodedError('ASSET_JSON_MALFORMED', {}, { cause });
  }
  // Lists and what is no object at all have no name.
  return metadataOf(Object(content) as Record<string, unknown>);
}

const invalid = (reason: string): CodedError => new CodedError('ASSET_JSON_INVALID', { reason });

/** A value as errors show it. Not objects by their own `toString`, which may be anything here. */
const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : String(value);

function metadataOf(content: Record<string, unknown>): AssetMetadata {
  const { name, description, minimum_teraslice_version: minimum } = content;
  if (typeof name !== 'string' || name === '') throw invalid('Missing name');
  const given = content.version;
  const version = typeof given === 'string' ? clean(given) : null;
  if (version === null || valid(version) === null) throw invalid(`Invalid version "${shown(given)}"`);
  if (minimum) {
    const least = typeof minimum === 'string' ? valid(minimum) : null;
    if (least === null) throw invalid(`Invalid minimum_teraslice_version "${shown(minimum)}"`);
    if (gt(least, TERASLICE_VERSION)) throw invalid(`Asset requires teraslice version ${least} or greater.`);
  }
  const metadata: AssetMetadata = { name, version };
  if (typeof description === 'string') metadata.description = cut(description, MAX_DESCRIPTION);
  if (content.node_version) {
    const major = majorOf(content.node_version);
    if (major === undefined) throw invalid(`Invalid node_version "${shown(content.node_version)}"`);
    metadata.node_version = major;
  }
  for (const field of ['platform', 'arch'] as const) {
    const value = content[field];
    if (!value) continue;
    if (typeof value !== 'string') throw invalid(`Invalid ${field} ${shown(value)}`);
    metadata[field] = value;
  }
  for (const field of ['name', 'version', 'platform', 'arch'] as const) {
    if ((metadata[field]?.length ?? 0) > MAX_TEXT)
      throw invalid(`The ${field} is longer than ${MAX_TEXT} characters`);
  }
  return metadata;
}

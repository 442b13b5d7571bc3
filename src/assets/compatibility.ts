import { major, satisfies, rcompare, valid, validRange } from 'semver';
import type { AssetMetadata } from './asset-json.js';

/** What an asset must fit. */
export interface System {
  /** Major version of Node. */
  node: number;
  platform: string;
  arch: string;
}

/**
 * Oldest Node that Teraslice 3.18 runs on. Its tools mark bundles with at least this version, whatever their
 * code needs, so that here a bundle marked with it is compatible on an older Node, too.
 */
const TERASLICE_NODE = 22;

const THIS_SYSTEM: System = {
  node: major(process.version),
  platform: process.platform,
  arch: process.arch,
};

/** Major version of Node, out of a number or a semantic version; undefined if it is neither. */
export function majorOf(version: unknown): number | undefined {
  const number = typeof version === 'string' && /^\d+$/.test(version) ? Number(version) : version;
  if (typeof number === 'number') return Number.isInteger(number) && number < 1e6 ? number : undefined;
  return typeof version === 'string' && valid(version) !== null ? major(version) : undefined;
}

/** `latest`, nothing or a semantic version range, as semver understands it; undefined if it is none. */
export function rangeOf(version: string | undefined): string | undefined {
  if (version === undefined || version === '' || version === 'latest') return '*';
  return validRange(version) ?? undefined;
}

/** Prereleases count like any other version. */
export const inRange = (version: string, range: string): boolean =>
  satisfies(version, range, { includePrerelease: true });

/** Newest version first; among equals the one made for the newest Node that is not newer than this system's. */
function byPreference(system: System): (a: AssetMetadata, b: AssetMetadata) => number {
  const rank = ({ node_version = 0 }: AssetMetadata): number =>
    node_version <= system.node ? node_version : -node_version;
  return (a, b) => rcompare(a.version, b.version) || rank(b) - rank(a);
}

function mismatches(asset: AssetMetadata, system: System): string[] {
  const reasons: string[] = [];
  if ((asset.node_version ?? 0) > Math.max(system.node, TERASLICE_NODE)) reasons.push('node_version');
  if ((asset.platform ?? system.platform) !== system.platform) reasons.push('platform');
  if ((asset.arch ?? system.arch) !== system.arch) reasons.push('arch');
  return reasons;
}

/**
 * The best of the assets whose version is in the range and that this system can run, or why there is none.
 * @returns `reasons`: what the assets in range do not fit, if there are any
 */
export function choose<A extends AssetMetadata>(
  assets: A[],
  range: string,
  system = THIS_SYSTEM,
): { chosen: A } | { reasons: string[] } {
  const candidates = assets.filter(({ version }) => inRange(version, range)).sort(byPreference(system));
  const chosen = candidates.find((asset) => mismatches(asset, system).length === 0);
  if (chosen !== undefined) return { chosen };
  return { reasons: [...new Set(candidates.flatMap((asset) => mismatches(asset, system)))] };
}

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ContentId } from '../assets/content-id.js';
import { listOf } from './foreign-server.js';
import { tell } from '../leave.js';
import { RefusedError, request, requestJson, type ClientSettings } from './master-requests.js';

/** Longest that a bundle may take, in ms: it is read from one server and unpacked by the other. */
const TIMEOUT_MS = 600_000;

/**
 * What became of one bundle. `unchanged`: it is here; `missing`: the other server does not give it, as no Teraslice
 * does; `refused`: the master does not take it.
 */
type Outcome = 'created' | 'unchanged' | 'missing' | 'refused';

/**
 * Copies the asset bundles of another server that the master lacks, as far as they can be had, and says of each what was
 * done. Ids stay: they are made of the bytes. Exit code 1 if one was refused.
 * @returns how many were copied, or would be if this were no dry run
 * @throws ConfigurationError if a server cannot be reached
 */
export async function importAssets(
  settings: ClientSettings,
  { from, dryRun }: { from: string; dryRun: boolean },
): Promise<number> {
  const master = settings.master ?? '';
  const counts: Partial<Record<Outcome, number>> = {};
  const known = new Set<string>();
  for await (const { id } of listOf(master, '/assets', 'id')) known.add(String(id));

  for await (const { id: assetId, name, version } of listOf(from, '/assets', 'id')) {
    const id = String(assetId);
    const { outcome, problem } = known.has(id)
      ? { outcome: 'unchanged' as const }
      : await copy(id, from, master, dryRun);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    const what = dryRun && outcome === 'created' ? 'created (dry run)' : outcome;
    const line = `${id}  ${what}  ${String(name)}:${String(version)}`;
    process.stdout.write(`${line}${problem === undefined ? '' : `\n    ${problem}`}\n`);
  }
  const summary = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`);
  if (summary.length > 0) tell(`Assets: ${summary.join(', ')}`);
  if (counts.missing) tell(`${from} does not give those that are missing: upload their zip files.`);
  if (counts.refused) process.exitCode = 1;
  return counts.created ?? 0;
}

/** The bytes go from one server to the other, without being kept here. */
async function copy(
  id: string,
  from: string,
  master: string,
  dryRun: boolean,
): Promise<{ outcome: Outcome; problem?: string }> {
  // Without the token of our cluster, which is none of the other server's business.
  const { ok, body } = await request(
    new URL(`/internal/assets/${encodeURIComponent(id)}`, from),
    {},
    TIMEOUT_MS,
  );
  if (!ok || body === null || dryRun) {
    await body?.cancel();
    return { outcome: ok ? 'created' : 'missing' };
  }
  const bundle = new VerifiedBundle(id);
  try {
    await requestJson(
      new URL('/v1/assets', master),
      {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: bundle.of(Readable.fromWeb(body)),
        duplex: 'half',
      },
      TIMEOUT_MS,
    );
    return { outcome: 'created' };
  } catch (error) {
    if (bundle.flaw !== undefined) return { outcome: 'refused', problem: bundle.flaw };
    if (!(error instanceof RefusedError)) throw error;
    return { outcome: 'refused', problem: error.message };
  }
}

/** The bytes of a bundle. If they are not those of its id they break off in the end, and nobody keeps them. */
class VerifiedBundle {
  /** What is wrong with them. */
  flaw: string | undefined;

  constructor(private readonly id: string) {}

  async *of(bytes: Readable): AsyncGenerator<Uint8Array> {
    const hash = new ContentId();
    // What fails in it, the loop throws.
    pipeline(bytes, hash).catch(() => undefined);
    for await (const chunk of hash) yield chunk as Uint8Array;
    const found = hash.digest();
    if (found === this.id) return;
    this.flaw = `its bytes have the id ${found}`;
    throw new Error(this.flaw);
  }
}

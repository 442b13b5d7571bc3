import type { ImportAnswer } from '../workers/master/maintenance-api.js';
import { ConfigurationError } from '../workers/configuration-error.js';
import { listOf } from './foreign-server.js';
import { importAssets } from './import-assets.js';
import { tell } from '../leave.js';
import { RefusedError, requestMaster, type ClientSettings } from './master-requests.js';

export interface ImportOptions {
  /** URL of the server to copy from. */
  from: string;
  /** Whether jobs that are here with other content are replaced. */
  overwrite: boolean;
  dryRun: boolean;
}

/**
 * Copies the assets of another server, and then its jobs that are not deleted, one after the other, and says of each what
 * was done. Run again, it does what is left. Exit code 1 if one was refused.
 * @throws ConfigurationError if a server cannot be reached
 */
export async function runImport(settings: ClientSettings, options: ImportOptions): Promise<void> {
  if (!URL.canParse(options.from))
    throw new ConfigurationError(`--from must be a URL such as http://host:5678, not ${options.from}`);
  const copied = await importAssets(settings, options);
  const counts: Record<string, number> = {};
  let problems = 0;
  for await (const job of listOf(options.from, '/jobs', 'job_id', { filters: true })) {
    const id = String(job.job_id);
    const query = `dry_run=${options.dryRun}&overwrite=${options.overwrite}`;
    const path = `/jobs/${encodeURIComponent(id)}?${query}`;
    const { outcome, problem } = await requestMaster<ImportAnswer>(settings, 'PUT', path, job).catch(refusal);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (problem !== undefined) problems += 1;
    const what = options.dryRun && outcome !== 'unchanged' ? `${outcome} (dry run)` : outcome;
    process.stdout.write(`${id}  ${what}  ${String(job.name ?? '')}${problem ? `\n    ${problem}` : ''}\n`);
  }
  const summary = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`);
  tell(`Jobs: ${summary.join(', ') || 'none'}${options.dryRun ? '; dry run: nothing was changed' : ''}`);
  if (counts.different) tell('Those that are different were left as they are; --overwrite replaces them.');
  const remedy =
    options.dryRun && copied > 0
      ? 'they may need the assets that a dry run does not copy'
      : 'assets may have to be uploaded';
  if (problems > 0) tell(`${problems} cannot be started as they are, see above: ${remedy}.`);
  if (counts.refused) process.exitCode = 1;
}

function refusal(error: unknown): { outcome: 'refused'; problem: string } {
  if (!(error instanceof RefusedError)) throw error;
  return { outcome: 'refused', problem: error.message };
}

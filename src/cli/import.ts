import type { ImportAnswer } from '../workers/master/maintenance-api.js';
import { ConfigurationError } from '../workers/configuration-error.js';
import { tell } from './leave.js';
import { RefusedError, requestJson, requestMaster, type ClientSettings } from './master-requests.js';

export interface ImportOptions {
  /** URL of the server to copy from. */
  from: string;
  /** Whether jobs that are here with other content are replaced. */
  overwrite: boolean;
  dryRun: boolean;
}

interface ForeignJob {
  job_id?: unknown;
  name?: unknown;
  [property: string]: unknown;
}

/** Jobs of one request. */
const PAGE = 500;

/**
 * Copies the jobs of another server, one after the other, and says of each what was done. Run again, it does what is
 * left. Exit code 1 if a job was refused.
 * @throws ConfigurationError if a server cannot be reached
 */
export async function runImport(settings: ClientSettings, options: ImportOptions): Promise<void> {
  const counts: Record<string, number> = {};
  let problems = 0;
  for await (const job of jobsOf(options.from)) {
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
  if (problems > 0)
    tell(`${problems} cannot be started as they are, see above: assets may have to be uploaded.`);
  if (counts.refused) process.exitCode = 1;
}

function refusal(error: unknown): { outcome: 'refused'; problem: string } {
  if (!(error instanceof RefusedError)) throw error;
  return { outcome: 'refused', problem: error.message };
}

/** All jobs that are not deleted, oldest first. */
async function* jobsOf(from: string): AsyncGenerator<ForeignJob> {
  if (!URL.canParse(from))
    throw new ConfigurationError(`--from must be a URL such as http://host:5678, not ${from}`);
  const seen = new Set<string>();
  for (let offset = 0; ; offset += PAGE) {
    const url = new URL(`/v1/jobs?size=${PAGE}&from=${offset}&sort=_created:asc`, from);
    const page = await requestJson<ForeignJob[]>(url);
    if (!Array.isArray(page)) throw new ConfigurationError(`${url.href} does not answer with a list of jobs`);
    for (const job of page) {
      // A job that is submitted meanwhile may shift the pages.
      if (seen.has(String(job.job_id))) continue;
      seen.add(String(job.job_id));
      yield job;
    }
    if (page.length < PAGE) return;
  }
}

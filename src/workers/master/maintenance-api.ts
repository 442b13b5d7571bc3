import { isDeepStrictEqual } from 'node:util';
import express, { Router } from 'express';
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type { JobValidator } from '../../api/validator.js';
import { notTooDeep } from '../../api/http/bodies.js';
import { readQuery } from '../../api/http/parameters.js';
import type { AssetService } from '../../api/services/assets.js';
import { pinnedValidator } from '../../api/services/pinned-validator.js';
import { CodedError } from '../../errors.js';
import { storedTime } from '../../store/fields.js';
import type { JobDocument, Store } from '../../store/types.js';
import { MAX_AGE_MS, type Purger } from './purger.js';

interface Dependencies {
  store: Store;
  validator: JobValidator;
  assets: AssetService;
  purger: Purger;
}

/**
 * What became of one job of an import. `different`: a job of this id is there, with other content, and was left as it
 * is; `replaced`: it was overwritten, as asked for.
 */
export interface ImportAnswer {
  outcome: 'created' | 'unchanged' | 'different' | 'replaced';
  /** Why the job could not be started as it is, if so: mostly an asset that is not here yet. */
  problem?: string;
}

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true');
const importQuery = z.object({ dry_run: flag, overwrite: flag });
const purgeQuery = z.object({ older_than: z.coerce.number().int().min(0).max(MAX_AGE_MS) });
const time = z.iso.datetime({ offset: true });
const badQuery = (issue: z.core.$ZodIssue): CodedError =>
  new CodedError('BAD_REQUEST', { reason: `${String(issue.path[0])}: ${issue.message}` });

/** Endpoints for the commands `import` and `purge`, beside those for nodes and guarded like them. */
export function maintenanceApi({ store, validator, assets, purger }: Dependencies): Router {
  const pinned = pinnedValidator(validator, assets);
  const router = Router();
  router.use(express.json({ limit: '20mb', strict: false }), notTooDeep);

  /** Takes a job with its id and times. Not its validity: what it needs may come later. */
  router.put('/jobs/:jobId', async (request, response) => {
    const { dry_run: dryRun, overwrite } = readQuery(importQuery, request.query, badQuery);
    const job = checkedJob(request.params.jobId, request.body);
    const known = await store.jobs.get(job.job_id);
    const outcome = compare(job, known, overwrite);
    if (!dryRun && outcome === 'created') await store.jobs.insert(job);
    if (!dryRun && outcome === 'replaced') await store.jobs.replace(job);
    if (!dryRun && (outcome === 'created' || outcome === 'replaced')) {
      await store.audit.append({ action: 'import', job_id: job.job_id, detail: { outcome } });
    }
    const problem = await pinned.validate(job).then(
      () => undefined,
      (error: Error) => error.message,
    );
    response.json({ outcome, ...(problem === undefined ? {} : { problem }) } satisfies ImportAnswer);
  });

  /** Removes executions that ended; `older_than` in ms. */
  router.post('/purge', async (request, response) => {
    const { older_than: age } = readQuery(purgeQuery, request.query, badQuery);
    const result = await purger.purge(age);
    if (result.purged > 0)
      await store.audit.append({ action: 'purge', detail: { older_than: age, ...result } });
    response.json(result);
  });
  return router;
}

function compare(
  job: JobDocument,
  known: JobDocument | undefined,
  overwrite: boolean,
): ImportAnswer['outcome'] {
  if (known === undefined) return 'created';
  if (isDeepStrictEqual(known, job)) return 'unchanged';
  return overwrite ? 'replaced' : 'different';
}

/** @throws CodedError BAD_REQUEST */
function checkedJob(jobId: string, body: unknown): JobDocument {
  const refuse = (reason: string): never => {
    throw new CodedError('BAD_REQUEST', { reason });
  };
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refuse('a job must be an object');
  const job = body as Record<string, unknown>;
  if (!isUuid(jobId) || job.job_id !== jobId) refuse(`the job_id must be a UUID, that of the path: ${jobId}`);
  if (!Array.isArray(job.operations)) refuse('operations must be a list');
  for (const field of ['_created', '_updated']) {
    if (!time.safeParse(job[field]).success || storedTime(job[field]) === null)
      refuse(`${field} must be a time, in ISO 8601`);
  }
  return { ...job, _context: 'job' } as JobDocument;
}

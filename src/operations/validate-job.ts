import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cloneDeep, jobSchema, parseName } from '#job-components';
import type { Context, ValidatedJobConfig } from '#job-components';
import type { ValidatedJob } from '../store/types.js';
import { createContext } from './context.js';
import { checkJobShape, coerceJob, extendJobSchema } from './job-schema.js';
import { OperationLoader } from './operation-loader.js';
import type { SystemOptions } from './sysconfig.js';
import { validateConfig } from './validate-config.js';

/** Assets must be there, and `name@asset` must name one of the job's. @throws Error */
function checkAssets(spec: Record<string, unknown>, assetsDirectory: string): void {
  const assets = Array.isArray(spec.assets) ? spec.assets.filter((asset) => typeof asset === 'string') : [];
  for (const asset of assets) {
    const isFolderName = asset !== '' && !/[\\/]/.test(asset) && !asset.startsWith('.');
    if (!isFolderName || !existsSync(join(assetsDirectory, asset))) {
      throw new Error(`No asset found for "${asset}"`);
    }
  }
  const check = (name: unknown, key: '_op' | '_name'): void => {
    if (typeof name !== 'string') return;
    const { assetIdentifier } = parseName(name, key === '_name');
    if (assetIdentifier === undefined || assets.includes(assetIdentifier)) return;
    throw new Error(
      `Invalid operation name for ${key}: ${name}, could not find the hashID for asset identifier ${assetIdentifier}`,
    );
  };
  const list = (value: unknown): Array<Record<string, unknown> | null> => (Array.isArray(value) ? value : []);
  list(spec.operations).forEach((operation) => check(operation?._op, '_op'));
  list(spec.apis).forEach((api) => check(api?._name, '_name'));
}

/** Whether the slicer may be moved; undefined if it cannot be built without its surroundings. */
async function relocatable(job: ValidatedJobConfig, context: Context): Promise<boolean | undefined> {
  const reader = job.operations[0];
  if (!reader) return undefined;
  try {
    const loader = new OperationLoader({ assetPath: context.sysconfig.teraslice.assets_directory });
    const { Slicer } = await loader.loadReader(reader._op, job.assets ?? []);
    const slicer = new Slicer(context, cloneDeep(reader), job as never);
    return typeof slicer.isRelocatable === 'function' ? slicer.isRelocatable() : undefined;
  } catch (err) {
    context.logger.warn(`Unable to determine relocatable for job: ${String(err)}`);
    return undefined;
  }
}

/**
 * Validates a job as posted, with the code of its operations: run it only in a process that may be lost.
 * @throws Error with the reason, in Teraslice's words
 */
export async function validateJob(
  spec: Record<string, unknown>,
  options: SystemOptions,
): Promise<{ job: ValidatedJob; warnings: unknown[]; undeclared: string[] }> {
  const { context } = createContext({ ...options, assignment: 'execution_controller', hostId: 'validation' });
  const schema = jobSchema(context);
  extendJobSchema(schema);
  checkJobShape(spec, context);
  checkAssets(spec, options.assetsDirectory);
  const { job, ...found } = await validateConfig(coerceJob(spec, schema), schema, context);
  const movable = await relocatable(job, context);
  if (movable !== undefined) (job as { relocatable?: boolean }).relocatable = movable;
  return { job: job as unknown as ValidatedJob, ...found };
}

import {
  apiSchema,
  cloneDeep,
  opSchema,
  parseName,
  registerApis,
  validateJobConfig,
  type Context,
  type SchemaConstructor,
  type ValidatedJobConfig,
} from '#job-components';
import type { jobSchema } from '#job-components';
import { checkApiReferences } from './job-schema.js';
import { OperationLoader } from './operation-loader.js';

type Config = Record<string, unknown>;

/** What the schema of an operation or an API answers: its configuration, or that with warnings in schemas of 2.x. */
interface Validated {
  config: Config;
  warnings: unknown[];
  /** Whether the schema is one of job-components 2.x. */
  modern: boolean;
}

/** `validateJob` of one schema, which sees its operation or API under its plain name. */
type JobCheck = () => void;

/** The schemas, as both generations of job-components have them. */
interface Schema {
  /** What `build` has made. */
  schema?: unknown;
  validate(config: Config): unknown;
  validateJob?(job: ValidatedJobConfig): void;
}

/**
 * Validates a job as the library's `JobValidator` does, and in the order that its operations were written for:
 *
 *     operations → validateJob of 1.x → apis → validateJob of apis → references → validateJob of 2.x
 *
 * Operations of 1.x put the APIs that they need into the job, which are validated then. Those of 2.x look at APIs that
 * are validated, with their defaults.
 * @param schema of the job's own properties
 * @returns `warnings` of the schemas: deprecated options. `undeclared`: what the job has that no schema knows, which
 * Teraslice logs, in its words
 * @throws Error with the reason, in Teraslice's words
 */
export async function validateConfig(
  spec: Config,
  schema: ReturnType<typeof jobSchema>,
  context: Context,
): Promise<{ job: ValidatedJobConfig; warnings: unknown[]; undeclared: string[] }> {
  const job = validateJobConfig(schema, cloneDeep(spec) as never) as unknown as ValidatedJobConfig;
  const assets = job.assets ?? [];
  const loader = new OperationLoader({
    assetPath: context.sysconfig.teraslice.assets_directory,
    validate_name_collisions: true,
  });
  const warnings: unknown[] = [];
  const undeclared: string[] = [];
  const posted = Object.entries(spec).filter(([key]) => key !== 'job_id' && !key.startsWith('_'));
  undeclared.push(...undeclaredIn(Object.fromEntries(posted), String(spec.name), {}, { schema }));
  const checks: Record<'old' | 'modern' | 'apis', JobCheck[]> = { old: [], modern: [], apis: [] };
  const ownApis: Array<[name: string, api: unknown]> = [];

  for (const [index, operation] of job.operations.entries()) {
    const name = operation._op;
    const found =
      index === 0 ? await loader.loadReader(name, assets) : await loader.loadProcessor(name, assets);
    if (found.API != null) ownApis.push([name, found.API]);
    const instance = make(found.Schema, context);
    undeclared.push(...undeclaredIn(operation, name, opSchema, instance));
    const { config, warnings: given, modern } = read(instance.validate(operation));
    job.operations[index] = config as never;
    warnings.push(...given);
    checks[modern ? 'modern' : 'old'].push(
      checkOf(instance, job, () => job.operations[index] as Config, '_op'),
    );
  }
  run(checks.old);

  for (const [index, api] of job.apis.entries()) {
    const { Schema } = await loader.loadAPI(api._name, assets);
    const instance = make(Schema, context, 'api');
    undeclared.push(...undeclaredIn(api, api._name, apiSchema, instance));
    const { config, warnings: given } = read(instance.validate(api));
    job.apis[index] = config as never;
    warnings.push(...given);
    checks.apis.push(checkOf(instance, job, () => job.apis[index] as Config, '_name'));
  }
  run(checks.apis);

  checkApiReferences(job as unknown as Config);
  run(checks.modern);

  registerApis(context, job);
  for (const [name, api] of ownApis) context.apis.executionContext.addToRegistry(name, api as never);
  return { job, warnings, undeclared };
}

/** Most likely a misspelt option. Nothing of a schema that does not tell what it has built. */
function undeclaredIn(
  config: Config,
  name: string,
  common: object,
  { schema }: Pick<Schema, 'schema'>,
): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const keys = Object.keys(config).filter(
    (key) => !Object.hasOwn(common, key) && !Object.hasOwn(schema, key),
  );
  if (keys.length === 0) return [];
  return [`The following keys are not declared in ${name} schema: '${keys.join(', ')}'`];
}

const run = (checks: JobCheck[]): void => checks.forEach((check) => check());

const make = (Constructor: SchemaConstructor, context: Context, type?: string): Schema =>
  new (Constructor as unknown as new (context: Context, type?: string) => Schema)(context, type);

/** Schemas of 2.x answer `{config, warnings}`; a configuration itself always has `_op` or `_name`. */
function read(result: unknown): Validated {
  const plain = result as Config;
  if (typeof result !== 'object' || result === null || '_op' in result || '_name' in result) {
    return { config: plain, warnings: [], modern: false };
  }
  const { config, warnings } = result as { config?: unknown; warnings?: unknown };
  if (typeof config !== 'object' || config === null) return { config: plain, warnings: [], modern: false };
  return { config: config as Config, warnings: Array.isArray(warnings) ? warnings : [], modern: true };
}

/** Looks for its configuration by the name that it has in its asset, without the asset or a tag behind it. */
function checkOf(
  schema: Schema,
  job: ValidatedJobConfig,
  config: () => Config,
  key: '_op' | '_name',
): JobCheck {
  return () => {
    if (!schema.validateJob) return;
    const qualified = config()[key] as string;
    config()[key] = parseName(qualified).name;
    schema.validateJob(job);
    config()[key] = qualified;
  };
}

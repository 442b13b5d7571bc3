import { isInteger, isPlainObject, logLevels, toInteger } from '#job-components';
import type { Context, jobSchema } from '#job-components';

type Schema = ReturnType<typeof jobSchema>;

/** An integer from 1 on; texts that hold one are taken, fractions are not: no one can run one and a half workers. */
function positiveInteger(value: unknown): void {
  if (!isInteger(value) && !(typeof value === 'string' && /^\s*\d+\s*$/.test(value))) {
    throw new Error('must be valid integer greater than zero');
  }
  if (!((toInteger(value) as number) >= 1)) throw new Error('must be valid integer greater than zero');
}

/**
 * Brings the library's schema of job properties to what Teraslice 3.18 takes, and adds our own properties.
 * Changes the schema that is given.
 */
export function extendJobSchema(schema: Schema): void {
  const fields = schema as Record<string, unknown>;
  // A property of the 1.x library only: Teraslice itself keeps it as posted, like any unknown one.
  delete fields.performance_metrics;
  fields.log_level = {
    default: null,
    doc: 'lowest level that the operations of this job log',
    format(level: unknown) {
      if (!level) return;
      if (!Object.hasOwn(logLevels, String(level))) {
        throw new Error(`must be one of the following: ${Object.keys(logLevels)}`);
      }
    },
  };
  fields.slice_timeout = {
    default: 0,
    doc: 'longest time that one slice may run, in ms, before its process is ended; 0: no limit',
    format(limit: unknown) {
      if (!isInteger(limit) || limit < 0) throw new Error('must be a number of milliseconds, zero or more');
    },
  };
  fields.max_failed_slices = {
    default: null,
    doc: 'an execution with more failed slices than this ends as failed: a number, or a share as in "5%"; null: no limit',
    format(limit: unknown) {
      if (limit == null) return;
      if (isInteger(limit) && limit >= 1) return;
      if (
        typeof limit === 'string' &&
        /^(100|\d{1,2})(\.\d+)?%$/.test(limit) &&
        Number.parseFloat(limit) <= 100
      )
        return;
      throw new Error('must be an integer greater than zero, or a percentage such as "5%"');
    },
  };
}

/** Checks, in the library's words where it has some, what its schema does not. @throws Error */
export function checkJobShape(spec: Record<string, unknown>, context: Context): void {
  for (const field of ['workers', 'slicers']) {
    if (spec[field] === undefined) continue;
    try {
      positiveInteger(spec[field]);
    } catch (err) {
      throw invalid(spec, `${field}: ${(err as Error).message}: value was ${JSON.stringify(spec[field])}`);
    }
  }
  if (spec.max_retries !== undefined && typeof spec.max_retries !== 'number') {
    throw invalid(
      spec,
      `max_retries: must be a positive integer: value was ${JSON.stringify(spec.max_retries)}`,
    );
  }
  if (spec.operations !== undefined && !Array.isArray(spec.operations)) {
    const value = JSON.stringify(spec.operations);
    throw invalid(
      spec,
      `operations: Operations need to be of type array with at least two operations in it: value was ${value}`,
    );
  }
  const connections = Object.values(context.sysconfig.terafoundation.connectors).flatMap((endpoints) =>
    Object.keys(endpoints),
  );
  for (const operation of plainObjects(spec.operations)) {
    if (typeof operation._op !== 'string' || operation._op === '') {
      throw new Error('Please verify that the "_op" name exists for each operation');
    }
    requireConnection(`Operation ${operation._op}`, operation._connection, connections);
  }
  for (const api of plainObjects(spec.apis)) {
    if (api._name != null && typeof api._name !== 'string') throw invalid(spec, 'API requires an _name');
    requireConnection(`API ${api._name}`, api._connection, connections);
  }
}

const BOOLEANS = new Map<unknown, boolean>([
  ...([true, 1, '1', 'true'] as const).map((value) => [value, true] as const),
  ...([false, 0, '0', 'false'] as const).map((value) => [value, false] as const),
]);

/**
 * The job with truth values where Teraslice takes numbers and texts for such (Teraslice job configuration, section 1);
 * the library would take each other text for true.
 * @throws Error
 */
export function withBooleans(spec: Record<string, unknown>, schema: Schema): Record<string, unknown> {
  const fields = Object.entries(schema as Record<string, { format?: unknown }>);
  const booleans = fields.flatMap(([field, { format }]) => (format === Boolean ? field : []));
  const coerced = { ...spec };
  for (const field of booleans.filter((candidate) => spec[candidate] !== undefined)) {
    coerced[field] = BOOLEANS.get(spec[field]);
    if (coerced[field] !== undefined) continue;
    throw invalid(spec, `${field}: must be of type Boolean: value was ${JSON.stringify(spec[field])}`);
  }
  return coerced;
}

/** Checks that the APIs that operations refer to, by `_api_name` or `api_name`, are there. @throws Error */
export function checkApiReferences(job: Record<string, unknown>): void {
  const names = plainObjects(job.apis).map((api) => api._name);
  for (const operation of plainObjects(job.operations)) {
    if (!('_api_name' in operation) && !('api_name' in operation)) continue;
    const name = operation._api_name ?? operation.api_name;
    if (name == null) {
      throw new Error(
        'An operation with a _api_name keyword must link it to a valid api configuration on the job',
      );
    }
    if (!names.includes(name)) {
      throw new Error(`Could not find the associated api for ${String(name)}`);
    }
  }
}

function invalid(spec: Record<string, unknown>, reason: string): Error {
  return new Error(`Validation failed for job config: ${String(spec.name)} - ${reason}`);
}

function plainObjects(list: unknown): Array<Record<string, unknown>> {
  return Array.isArray(list) ? list.filter((entry) => isPlainObject(entry)) : [];
}

function requireConnection(owner: string, connection: unknown, connections: string[]): void {
  if (connection === undefined || connections.includes(connection as string)) return;
  throw new Error(`${owner} refers to connection "${String(connection)}" which is unavailable`);
}

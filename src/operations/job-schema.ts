import { getTypeOf, isInteger, isPlainObject, logLevels, toInteger } from '#job-components';
import type { Context, jobSchema } from '#job-components';
import { MAX_WORKERS } from '../store/types/jobs.js';
import { cut } from '../text.js';

type Schema = ReturnType<typeof jobSchema>;

/** An integer from 1 to {@link MAX_WORKERS}; texts that hold one are taken, fractions are not: no one can run one and a half workers. */
function positiveInteger(value: unknown): void {
  if (!isInteger(value) && !(typeof value === 'string' && /^\s*\d+\s*$/.test(value))) {
    throw new Error('must be valid integer greater than zero');
  }
  const count = toInteger(value) as number;
  if (!(count >= 1)) throw new Error('must be valid integer greater than zero');
  if (count > MAX_WORKERS) throw new Error(`must be at most ${MAX_WORKERS}`);
}

const NO_OPERATIONS = 'Operations need to be of type array with at least two operations in it';

/**
 * Brings the library's schema of job properties to what Teraslice 3.18 takes, and adds our own properties.
 * Changes the schema that is given.
 */
export function extendJobSchema(schema: Schema): void {
  const fields = schema as Record<string, unknown>;
  // A property of the 1.x library only: Teraslice itself keeps it as posted, like any unknown one.
  delete fields.performance_metrics;
  fields.operations = {
    ...(fields.operations as object),
    // The library takes an option `connection` for the name of one, too; to Teraslice it is an option like any other.
    format(list: unknown) {
      if (!Array.isArray(list) || list.length < 2) throw new Error(NO_OPERATIONS);
      const wrong = (list as unknown[]).findIndex((operation) => !isPlainObject(operation));
      if (wrong >= 0)
        throw new Error(`Invalid Operation config in operations, got ${getTypeOf(list[wrong])}`);
    },
  };
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
      if (isInteger(limit) && limit >= 0) return;
      if (
        typeof limit === 'string' &&
        /^(100|\d{1,2})(\.\d+)?%$/.test(limit) &&
        Number.parseFloat(limit) <= 100
      )
        return;
      throw new Error('must be an integer, zero or more, or a percentage such as "5%"');
    },
  };
}

/** Properties that the library would read out of texts or out of the properties of objects. */
const SHAPES: ReadonlyArray<[field: string, fits: (value: unknown) => boolean, message: string]> = [
  ['operations', Array.isArray, NO_OPERATIONS],
  ['apis', Array.isArray, 'APIs is required to be an array'],
  ['env_vars', isPlainObject, 'must be object'],
];

/** Longest variable that Linux hands to a process, as `name=value` and a byte that ends it, in bytes. */
const MAX_VARIABLE = 128 * 1024;
/** Longest together, in bytes: they share the room that there is with those of the node. */
const MAX_VARIABLES = 1024 * 1024;

/** Why no process could be started with these variables of its environment; undefined if one can. */
function faultOfVariables(variables: Record<string, unknown>): string | undefined {
  let total = 0;
  for (const [name, value] of Object.entries(variables)) {
    const variable = `${name}=${String(value)}\0`;
    const quoted = JSON.stringify(cut(name, 100));
    if (name.includes('=')) return `key ${quoted} must not contain "="`;
    if (variable.indexOf('\0') < variable.length - 1)
      return `key ${quoted} and its value must not contain NUL`;
    const bytes = Buffer.byteLength(variable);
    if (bytes > MAX_VARIABLE) {
      return `value for key ${quoted} is too long: ${bytes} bytes with its key, at most ${MAX_VARIABLE} are allowed`;
    }
    total += bytes;
  }
  if (total <= MAX_VARIABLES) return undefined;
  return `too long: ${total} bytes altogether, at most ${MAX_VARIABLES} are allowed`;
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
  for (const [field, fits, message] of SHAPES) {
    if (spec[field] === undefined || fits(spec[field])) continue;
    throw invalid(spec, `${field}: ${message}: value was ${JSON.stringify(spec[field])}`);
  }
  if (isPlainObject(spec.env_vars)) {
    const fault = faultOfVariables(spec.env_vars as Record<string, unknown>);
    if (fault !== undefined) throw invalid(spec, `env_vars: ${fault}`);
  }
  const connections = Object.values(context.sysconfig.terafoundation.connectors).flatMap((endpoints) =>
    Object.keys(endpoints),
  );
  for (const operation of plainObjects(spec.operations)) {
    if (typeof operation._op !== 'string' || operation._op === '') {
      throw new Error('Please verify that the "_op" name exists for each operation');
    }
    requireConnection(spec, `Operation ${operation._op}`, operation._connection, connections);
  }
  for (const api of plainObjects(spec.apis)) {
    if (api._name != null && typeof api._name !== 'string') throw invalid(spec, 'API requires an _name');
    requireConnection(spec, `API ${api._name}`, api._connection, connections);
  }
}

const BOOLEANS = new Map<unknown, boolean>([
  ...([true, 1, '1', 'true'] as const).map((value) => [value, true] as const),
  ...([false, 0, '0', 'false'] as const).map((value) => [value, false] as const),
]);

/** Units of time, by what else they are called. */
const UNITS: Record<string, string> = {
  ...{ y: 'year', Q: 'quarter', M: 'month', w: 'week', d: 'day', h: 'hour', m: 'minute', s: 'second' },
  ms: 'millisecond',
};

/** Texts that are durations, beside those that are numbers. */
export const DURATION = `^\\d+ (${Object.entries(UNITS)
  .map(([short, long]) => `${short}|${long}s?`)
  .join('|')})$`;

/** A duration as the library reads it; for any other unit that would be nought. @throws Error */
function duration(value: unknown): unknown {
  if (isInteger(value) && value >= 0) return value;
  const [count, unit] = typeof value === 'string' ? value.split(' ') : [];
  if (count === undefined || Number.isNaN(Number.parseInt(count, 10))) {
    throw new Error(
      'must be a positive integer or human readable string containing a number and valid unit (e.g. 3000, "5 days")',
    );
  }
  if (unit === undefined) return value;
  const name = UNITS[unit] ?? unit.replace(/s$/, '');
  if (!Object.values(UNITS).includes(name)) throw new Error(`Invalid duration unit: ${unit}`);
  return `${count} ${name}s`;
}

/** A truth value, or what Teraslice takes for one; the library would take any other text for true. @throws Error */
function truth(value: unknown): boolean {
  const taken = BOOLEANS.get(value);
  if (taken === undefined) throw new Error('must be of type Boolean');
  return taken;
}

const COERCED = new Map<unknown, (value: unknown) => unknown>([
  [Boolean, truth],
  ['duration', duration],
]);

/**
 * The job with truth values and durations where Teraslice takes something else for such, which the library does not
 * (Teraslice's `docs/jobs/configuration.md`).
 * @throws Error
 */
export function coerceJob(spec: Record<string, unknown>, schema: Schema): Record<string, unknown> {
  const coerced = { ...spec };
  for (const [field, { format }] of Object.entries(schema as Record<string, { format?: unknown }>)) {
    const coerce = COERCED.get(format);
    if (coerce === undefined || spec[field] === undefined) continue;
    try {
      coerced[field] = coerce(spec[field]);
    } catch (err) {
      throw invalid(spec, `${field}: ${(err as Error).message}: value was ${JSON.stringify(spec[field])}`);
    }
  }
  return coerced;
}

/** Checks that the APIs that operations refer to, by `_api_name` or `api_name`, are there. @throws Error */
export function checkApiReferences(job: Record<string, unknown>): void {
  const names = plainObjects(job.apis).map((api) => api._name);
  for (const { _api_name, api_name } of plainObjects(job.operations)) {
    const given = [_api_name, api_name].filter((name) => name !== undefined);
    if (given.length === 0) continue;
    const name = given.find((candidate) => candidate !== null);
    if (name === undefined) {
      throw new Error(
        'An operation with a _api_name keyword must link it to a valid api configuration on the job',
      );
    }
    if (!names.includes(name)) throw new Error(`Could not find the associated api for ${String(name)}`);
  }
}

function invalid(spec: Record<string, unknown>, reason: string): Error {
  return new Error(`Validation failed for job config: ${String(spec.name)} - ${reason}`);
}

function plainObjects(list: unknown): Array<Record<string, unknown>> {
  return Array.isArray(list) ? list.filter((entry) => isPlainObject(entry)) : [];
}

function requireConnection(
  spec: Record<string, unknown>,
  owner: string,
  connection: unknown,
  connections: string[],
): void {
  if (!connection || connections.includes(connection as string)) return;
  throw invalid(spec, `${owner} refers to connection "${String(connection)}" which is unavailable`);
}

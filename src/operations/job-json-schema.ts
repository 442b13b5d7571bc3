import { apiSchema, jobSchema, logLevels, opSchema } from '#job-components';
import type { Context } from '#job-components';
import { MAX_WORKERS } from '../store/types/jobs.js';
import { DURATION, extendJobSchema } from './job-schema.js';

/** A JSON Schema of draft 2020-12. */
type JsonSchema = Record<string, unknown>;

/** One property of a convict schema, as the library and `extendJobSchema` write it. */
interface Property {
  default?: unknown;
  doc?: string;
  format?: unknown;
}

/** What convict's formats take, as they are meant: texts that hold a number are taken for one, too. */
const FORMATS: Record<string, JsonSchema> = {
  nat: { type: 'integer', minimum: 0 },
  positive_int: { type: 'integer', minimum: 1 },
  required_String: { type: 'string', minLength: 1 },
  optional_String: { type: ['string', 'null'] },
  duration: {
    anyOf: [
      { type: 'integer', minimum: 0, description: 'ms' },
      { type: 'string', pattern: DURATION, description: 'such as `5 minutes`' },
    ],
  },
};

const NAMED_VALUES: JsonSchema = {
  type: 'object',
  propertyNames: { minLength: 1 },
  additionalProperties: { type: ['string', 'number', 'boolean'], minLength: 1 },
};

/** What `checkJobShape` says beside the formats. */
const LIMITS: Record<string, JsonSchema> = {
  workers: { maximum: MAX_WORKERS },
  slicers: { maximum: MAX_WORKERS },
};

/** Properties of a job whose check is a function, which does not say what it takes. */
const CHECKED_BY_FUNCTION: Record<string, JsonSchema> = {
  assets: { type: ['array', 'null'], items: { type: 'string' } },
  operations: { type: 'array', minItems: 2, items: namedObject(opSchema, '_op') },
  apis: { type: 'array', items: namedObject(apiSchema, '_name') },
  labels: { ...NAMED_VALUES, type: ['object', 'null'] },
  env_vars: NAMED_VALUES,
  log_level: { enum: [...Object.keys(logLevels), null] },
  slice_timeout: { type: 'integer', minimum: 0 },
  max_failed_slices: {
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: '^(100(\\.0+)?|\\d{1,2}(\\.\\d+)?)%$' },
      { type: 'null' },
    ],
  },
};

/**
 * The schema that jobs are validated with, as JSON Schema. What it takes, the validation takes of that property;
 * what the schemas of operations say is not in it.
 * @throws Error if the library has a property that is checked in a way unknown here
 */
export function jobJsonSchema(context: Context): JsonSchema {
  const schema = jobSchema(context);
  extendJobSchema(schema);
  return {
    ...objectOf(schema as Record<string, Property>, CHECKED_BY_FUNCTION),
    required: ['operations'],
    description:
      'Other properties are kept as they are, but for those that the server sets. Operations and APIs have options ' +
      'of their own',
  };
}

/** An operation or an API: an object with a name and options. */
function namedObject(schema: object, name: string): JsonSchema {
  const { properties } = objectOf(schema as Record<string, Property>, {
    _encoding: { enum: (opSchema._encoding as Property).format as unknown[] },
  });
  return { type: 'object', properties, required: [name] };
}

function objectOf(
  schema: Record<string, Property>,
  byFunction: Record<string, JsonSchema>,
): { type: 'object'; properties: Record<string, JsonSchema> } {
  const properties = Object.entries(schema).map(([name, property]) => {
    const { default: value, doc } = property;
    const found = shapeOf(property.format) ?? byFunction[name];
    if (found === undefined) throw new Error(`the check of the job property ${name} has no JSON Schema`);
    // A default that the check itself would refuse stands for: must be given.
    const required = value === '' || name === 'operations';
    return [
      name,
      {
        ...found,
        ...LIMITS[name],
        ...(doc !== undefined && { description: doc.replace(/\s+/g, ' ') }),
        ...(value !== undefined && !required && { default: value }),
      },
    ] as const;
  });
  return { type: 'object', properties: Object.fromEntries(properties) };
}

function shapeOf(format: unknown): JsonSchema | undefined {
  if (format === Boolean) return { type: 'boolean' };
  if (Array.isArray(format)) return { enum: format };
  return typeof format === 'string' ? FORMATS[format] : undefined;
}

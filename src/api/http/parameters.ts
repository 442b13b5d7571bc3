import { z } from 'zod';
import { CodedError } from '../../errors.js';
import type { Fields } from '../../store/fields.js';

/**
 * Parameters of paths and queries. A query is made of texts, so that most schemas here begin with a conversion;
 * what the OpenAPI document says of a parameter is what comes out of it, or what is noted beside it.
 */

/** Parameters of paths, by name. Any text is taken: an id that nothing has is a 404. */
export const PATH_PARAMETERS = {
  job_id: z.string().describe('Id of a job, a UUID'),
  ex_id: z.string().describe('Id of an execution, a UUID'),
  name: z.string().describe('Name of an asset; of one to be deleted the id, 40 hexadecimal digits'),
  version: z.string().describe('A version of the asset or a semver range; `latest` is any'),
};

export type PathParameter = keyof typeof PATH_PARAMETERS;

/** Largest `size` of a list; more comes by `from`. */
const MAX_LIST_SIZE = 10_000;
/** Columns of a table. */
const MAX_COLUMNS = 100;
/** How many elements a list has if no `size` says otherwise; the store's own default. */
const LIST_SIZE = 100;

export const given = (value: unknown): unknown => (value === '' ? undefined : value);

/** A separator within digits, `1,000`. */
const SEPARATOR = /(?<=\d)[,_](?=\d)/g;

/** The number that a text says; not a number if it says none or is given twice. */
const numberOf = (value: unknown): number =>
  typeof value === 'string' && value.trim() !== '' ? Number(value.replace(SEPARATOR, '')) : NaN;

/** A whole number; decimals are cut off, an empty value is as none. */
const integer = (max: number) =>
  z.preprocess(
    (value) => (given(value) === undefined ? undefined : Math.trunc(numberOf(value))),
    z.int().min(0).max(max).optional(),
  );

/** Names, separated by commas; a parameter may be given more than once. */
export const names = z.preprocess(
  (value) => (value === undefined ? undefined : [value].flat().join(',')),
  z.string().optional(),
);

export const pagingQuery = z.object({
  size: integer(MAX_LIST_SIZE).meta({ default: LIST_SIZE, description: 'How many elements, at most' }),
  from: integer(Number.MAX_SAFE_INTEGER).meta({ default: 0, description: 'Index of the first element' }),
});

/**
 * `size`, `from` and `sort`, shared by all lists.
 * @param fields to sort by
 * @param sort unless the query says otherwise
 */
export const sortedQuery = (fields: Fields, sort = '_updated:desc') =>
  pagingQuery.extend({
    sort: z.preprocess(given, z.string().optional()).meta({
      default: sort,
      pattern: `^((${Object.keys(fields).join('|')})(:(asc|desc))?)?$`,
      description:
        'A field, and whether its values rise, which is the default, or fall. What has no such field comes last',
    }),
  });

/**
 * And `filter`, of all but assets.
 * @param filtered the fields that filters know, if they are others
 */
export const listQuery = (fields: Fields, filtered = fields) =>
  sortedQuery(fields).extend({
    filter: z.preprocess(given, z.string().optional()).meta({
      description:
        'Lucene syntax: terms, phrases, AND, OR, NOT, groups, wildcards, ranges, dates and `_exists_`, over ' +
        Object.keys(filtered).join(', '),
    }),
  });

/** Absent or `false`: what is not deleted; `true` or empty: only what is. The first in a query: so is what is wrong with it. */
export const deletedQuery = z.object({
  deleted: z
    .enum(['true', 'false', ''])
    .optional()
    .transform((value) => value !== undefined && value !== 'false')
    .meta({ default: 'false', description: 'Only what was deleted, or only what was not' }),
});

/** Which fields of a job's latest execution to show beside it; empty: all. Given twice it is as none. */
export const exQuery = z.object({
  ex: z
    .unknown()
    .optional()
    .transform((fields) =>
      typeof fields === 'string' ? fields.split(',').filter((field) => field !== '') : undefined,
    )
    .meta({
      type: 'string',
      description: "Fields of the job's latest execution to show as `ex`, separated by commas; empty: all",
    }),
});

/** Anything but `true` and `false` does not choose by activity. */
export const activeQuery = z.object({
  active: z
    .unknown()
    .optional()
    .transform((value) => (value === 'true' ? true : value === 'false' ? false : undefined))
    .meta({ type: 'boolean', description: 'Only jobs that are active, or only those that are not' }),
});

/** What a table shows. */
export const tableQuery = z.object({
  fields: names
    .transform((list) => [
      ...new Set(
        (list ?? '')
          .split(',')
          .map((field) => field.trim())
          .filter((field) => field !== ''),
      ),
    ])
    .refine((list) => list.length <= MAX_COLUMNS, `list of at most ${MAX_COLUMNS} fields`)
    .meta({
      type: 'string',
      description: 'Columns, separated by commas; a dotted path is one, too. Default: those of the table',
    }),
  headers: z
    .unknown()
    .optional()
    .transform((value) => value !== 'false')
    .meta({ type: 'boolean', default: true, description: 'Whether the names of the columns are shown' }),
});

/** @returns the error for the first thing that is wrong with a query, and the value it is about */
export type QueryFailure = (issue: z.core.$ZodIssue, value: unknown) => CodedError;

/** Reads a query by its schema. @throws CodedError what `failure` makes of the first issue */
export function readQuery<T extends z.ZodType>(
  schema: T,
  query: unknown,
  failure: QueryFailure = badParameter,
): z.output<T> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw failure(issue, (query as Record<string, unknown>)[String(issue.path[0])]);
}

function badParameter(issue: z.core.$ZodIssue, value: unknown): CodedError {
  const parameter = String(issue.path[0]);
  if (parameter === 'deleted') return new CodedError('BAD_DELETED_OPTION');
  if (parameter !== 'size' && parameter !== 'from') {
    const kind = issue.code === 'custom' ? issue.message : 'string';
    return new CodedError('BAD_LIST_PARAMETER', { parameter, kind, value });
  }
  const outOfRange = issue.code === 'too_big' || issue.code === 'too_small';
  const range = parameter === 'size' ? `integer from 0 to ${MAX_LIST_SIZE}` : 'integer not below 0';
  return new CodedError('BAD_LIST_PARAMETER', { parameter, kind: outOfRange ? range : 'integer', value });
}

import { z } from 'zod';
import { CodedError } from '../../errors.js';

/** Largest `size` of a list; more comes by `from`. */
const MAX_LIST_SIZE = 10_000;

const given = (value: unknown): unknown => (value === '' ? undefined : value);

/** A whole number; decimals are cut off, an empty value is as none. */
const integer = (max: number) =>
  z.preprocess(given, z.coerce.number().transform(Math.trunc).pipe(z.int().min(0).max(max)).optional());

/** `size`, `from`, `sort` and `filter`, shared by all lists. */
export const listQuery = z.object({
  size: integer(MAX_LIST_SIZE),
  from: integer(Number.MAX_SAFE_INTEGER),
  sort: z.preprocess(given, z.string().optional()),
  filter: z.preprocess(given, z.string().optional()),
});

/** Absent or `false`: what is not deleted; `true` or empty: only what is. */
export const deletedQuery = z.object({
  deleted: z
    .enum(['true', 'false', ''])
    .optional()
    .transform((value) => value !== undefined && value !== 'false'),
});

/** Which fields of a job's latest execution to show beside it; empty: all. */
export const exQuery = z.object({
  ex: z
    .string()
    .transform((fields) => fields.split(',').filter((field) => field !== ''))
    .optional(),
});

/** Anything but `true` and `false` does not choose by activity. */
export const jobListQuery = listQuery.extend(deletedQuery.shape).extend({
  active: z
    .unknown()
    .optional()
    .transform((value) => (value === 'true' ? true : value === 'false' ? false : undefined)),
  ...exQuery.shape,
});

/** Reads a query by its schema. @throws CodedError what `failure` makes of the first issue */
export function readQuery<T extends z.ZodType>(
  schema: T,
  query: unknown,
  failure: (issue: z.core.$ZodIssue, value: unknown) => CodedError = badParameter,
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
    return new CodedError('BAD_LIST_PARAMETER', { parameter, kind: 'string', value });
  }
  const outOfRange = issue.code === 'too_big' || issue.code === 'too_small';
  const range = parameter === 'size' ? `integer from 0 to ${MAX_LIST_SIZE}` : 'integer not below 0';
  return new CodedError('BAD_LIST_PARAMETER', { parameter, kind: outOfRange ? range : 'integer', value });
}

import { CodedError } from '../errors.js';
import { EARLIEST, LATEST } from './filter/times.js';
import type { ListQuery } from './types.js';

/**
 * Type of a document field that lists can filter by and, but for `texts`, sort by. Filters take `text` whole, and
 * `words` apart; `texts` are any number of the former.
 */
export type FieldType = 'text' | 'texts' | 'words' | 'number' | 'boolean' | 'time';
export type Fields = Readonly<Record<string, FieldType>>;

interface Values {
  text: string;
  texts: string[];
  words: string;
  number: number;
  boolean: boolean;
  time: string;
}
/** The columns that hold those fields; a column is named as its field is. */
export type Columns<F extends Fields> = { [K in keyof F]: Values[F[K]] | null };

const CONFIG_FIELDS = {
  name: 'words',
  active: 'boolean',
  analytics: 'boolean',
  autorecover: 'boolean',
  lifecycle: 'text',
  log_level: 'text',
  max_retries: 'number',
  probation_window: 'number',
  slicers: 'number',
  workers: 'number',
  stateful: 'boolean',
} as const satisfies Fields;

const RECORD_FIELDS = {
  _created: 'time',
  _updated: 'time',
  _deleted: 'boolean',
  _deleted_on: 'time',
} as const satisfies Fields;

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const JOB_FIELDS = { job_id: 'text', ...CONFIG_FIELDS, ...RECORD_FIELDS } as const satisfies Fields;

/** What has a column besides. */
export const JOB_COLUMNS = { ...JOB_FIELDS, assets: 'texts' } as const satisfies Fields;

/** What filters know: `_context` is the same for all. */
export const JOB_FILTER_FIELDS = { ...JOB_COLUMNS, _context: 'text' } as const satisfies Fields;

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const EXECUTION_FIELDS = {
  ex_id: 'text',
  job_id: 'text',
  ...CONFIG_FIELDS,
  ...RECORD_FIELDS,
  _status: 'text',
  _has_errors: 'boolean',
  _failureReason: 'words',
  recovered_execution: 'text',
  recovered_slice_type: 'text',
  slicer_hostname: 'text',
  slicer_port: 'number',
  teraslice_version: 'text',
} as const satisfies Fields;

export const EXECUTION_COLUMNS = { ...EXECUTION_FIELDS, assets: 'texts' } as const satisfies Fields;

export const EXECUTION_FILTER_FIELDS = { ...EXECUTION_COLUMNS, _context: 'text' } as const satisfies Fields;

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const FAILED_SLICE_FIELDS = {
  ex_id: 'text',
  slice_id: 'text',
  slicer_id: 'number',
  slicer_order: 'number',
  error: 'words',
  retry_count: 'number',
  recovered_by: 'text',
  _created: 'time',
  _updated: 'time',
} as const satisfies Fields;

/** What filters know besides. */
export const FAILED_SLICE_FILTER_FIELDS = {
  ...FAILED_SLICE_FIELDS,
  request: 'words',
  state: 'text',
} as const satisfies Fields;

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const ASSET_FIELDS = {
  id: 'text',
  name: 'text',
  version: 'text',
  description: 'text',
  node_version: 'number',
  platform: 'text',
  arch: 'text',
  _created: 'time',
} as const satisfies Fields;

/** A time as databases know it, in UTC; null if it is none, or one before the year 1 or behind 9999. */
export function storedTime(value: unknown): string | null {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN;
  return ms >= EARLIEST && ms <= LATEST ? new Date(ms).toISOString() : null;
}

function columnValue(type: FieldType, value: unknown): Values[FieldType] | null {
  switch (type) {
    case 'texts':
      return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string')
        ? value
        : null;
    case 'text':
    case 'words':
      return typeof value === 'string' ? value : null;
    case 'time':
      return storedTime(value);
    case 'number': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      return typeof number === 'number' && Number.isFinite(number) ? number : null;
    }
    case 'boolean':
      return TRUTHS.get(value) ?? null;
  }
}

/** What is valid in a job for a truth value. */
const TRUTHS = new Map<unknown, boolean>([
  ...([true, 'true', 1, '1'] as const).map((value) => [value, true] as const),
  ...([false, 'false', 0, '0'] as const).map((value) => [value, false] as const),
]);

/**
 * Takes the columns out of a document. Texts that stand for numbers and truth values count as such, since jobs may have
 * them, as they do in OpenSearch; any other value that is not of the field's type leaves its column empty.
 */
export function extractColumns<F extends Fields>(fields: F, document: object): Columns<F> {
  const values = document as Record<string, unknown>;
  const columns = Object.entries(fields).map(([field, type]) => [field, columnValue(type, values[field])]);
  return Object.fromEntries(columns) as Columns<F>;
}

/** Fields that every row has: their order needs no word about nulls, so that the plain index serves. */
const NEVER_NULL = new Set(['_created', '_updated', 'job_id', 'ex_id', '_status', 'slice_id']);

const bounded = (count: number): number => Math.min(Math.max(0, Math.trunc(count)), Number.MAX_SAFE_INTEGER);

export interface Paging<F extends Fields> {
  size: number;
  from: number;
  field: keyof F & string;
  direction: 'asc' | 'desc';
  /** Rows without the field come last, whatever the direction. */
  nullable: boolean;
}

/**
 * Paging with the defaults of Teraslice's `docs/management-apis/endpoints-json.md`.
 * @throws CodedError BAD_SORT if the field is not one of `fields` or the direction is neither asc nor desc.
 */
export function paging<F extends Fields>(query: ListQuery, fields: F): Paging<F> {
  const sort = query.sort ?? '_updated:desc';
  // As OpenSearch has it: without a direction, ascending.
  const [, field = sort, direction = 'asc'] = /^(.*):(asc|desc)$/.exec(sort) ?? [];
  if (!Object.hasOwn(fields, field)) {
    throw new CodedError('BAD_SORT', { field, fields: Object.keys(fields).join(', ') });
  }
  return {
    size: bounded(query.size ?? 100),
    from: bounded(query.from ?? 0),
    field,
    direction: direction as 'asc' | 'desc',
    nullable: !NEVER_NULL.has(field),
  };
}

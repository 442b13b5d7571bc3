import { type RawBuilder, sql, type SqlBool } from 'kysely';
import { EXECUTION_FILTER_FIELDS, FAILED_SLICE_FILTER_FIELDS, JOB_FILTER_FIELDS } from '../fields.js';
import { compileFilter } from './compile.js';

export { finished } from './time-limit.js';

/**
 * Conditions on rows of a table, for `where` and for `sql` templates, out of filters in Lucene's syntax.
 * Columns go by their bare names. Each throws CodedError BAD_FILTER, which points at the place.
 */

/** Where the values are of fields that are the same in all rows. */
const constant =
  (constants: Record<string, string>) =>
  (field: string): RawBuilder<unknown> =>
    Object.hasOwn(constants, field) ? sql`${constants[field]}::text` : sql.ref(field);

export const jobFilter = (filter: string): RawBuilder<SqlBool> =>
  compileFilter(filter, JOB_FILTER_FIELDS, { column: constant({ _context: 'job' }) });

export const executionFilter = (filter: string): RawBuilder<SqlBool> =>
  compileFilter(filter, EXECUTION_FILTER_FIELDS, { column: constant({ _context: 'ex' }) });

export const failedSliceFilter = (filter: string): RawBuilder<SqlBool> =>
  compileFilter(filter, FAILED_SLICE_FILTER_FIELDS, { column: constant({ state: 'error' }) });

import { type RawBuilder, sql, type SqlBool } from 'kysely';
import { EXECUTION_FIELDS, FAILED_SLICE_FILTER_FIELDS, JOB_FIELDS } from '../fields.js';
import { compileFilter } from './compile.js';

/**
 * Conditions on rows of a table, for `where` and for `sql` templates, out of filters in Lucene's syntax.
 * Columns go by their bare names. Each throws CodedError BAD_FILTER, which points at the place.
 */

export const jobFilter = (filter: string): RawBuilder<SqlBool> => compileFilter(filter, JOB_FIELDS);

export const executionFilter = (filter: string): RawBuilder<SqlBool> =>
  compileFilter(filter, EXECUTION_FIELDS);

export const failedSliceFilter = (filter: string): RawBuilder<SqlBool> =>
  compileFilter(filter, FAILED_SLICE_FILTER_FIELDS, {
    // Rows of that table are in no other state.
    column: (field) => (field === 'state' ? sql`'error'::text` : sql.ref(field)),
  });

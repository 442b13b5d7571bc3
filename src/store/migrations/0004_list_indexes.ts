import { type Migration, sql } from 'kysely';

/**
 * An index for each field that lists are sorted by: a scan of 50,000 executions takes a tenth of a second in
 * the embedded database, which does not keep a table of that size in memory. The last column breaks ties, as
 * in the lists. Status writes touch every index of their row in any case; counters stay out of them.
 */
const PLAIN = [
  'active',
  'analytics',
  'autorecover',
  'max_retries',
  'probation_window',
  'slicers',
  'workers',
].concat(['stateful', '_deleted', '_deleted_on']);
const PLAIN_EXECUTION = [...PLAIN, '_has_errors', 'slicer_port'];

/** Of any length, which entries of an index are not: they are sorted by what they begin with. */
const TEXT = ['name', 'lifecycle', 'log_level'];
const TEXT_EXECUTION = [...TEXT, '_failureReason', 'recovered_execution', 'recovered_slice_type'].concat([
  'slicer_hostname',
  'teraslice_version',
]);

export const listIndexes: Migration = {
  async up(db) {
    const create = (table: string, field: string, key: string, tie: string) =>
      sql`create index ${sql.raw(`"${table}_by_${field}" on ${table} (${key}, ${tie})`)}`.execute(db);
    for (const field of PLAIN) await create('jobs', field, field, 'job_id');
    for (const field of TEXT) await create('jobs', field, `left(${field}, 100)`, 'job_id');
    for (const field of PLAIN_EXECUTION) await create('executions', field, field, 'number');
    for (const field of TEXT_EXECUTION) await create('executions', field, `left("${field}", 100)`, 'number');
  },
};

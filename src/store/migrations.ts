import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { recovery } from './migrations/0002_recovery.js';
import { assets } from './migrations/0003_assets.js';
import { listIndexes } from './migrations/0004_list_indexes.js';
import { forcedHosts } from './migrations/0005_forced_hosts.js';
import { executionStates } from './migrations/0006_execution_states.js';
import { supersededNodes } from './migrations/0007_superseded_nodes.js';
import { assetColumns } from './migrations/0008_asset_columns.js';
import { nodeFences } from './migrations/0009_node_fences.js';
import type { Database } from './schema.js';
import { TERMINAL_STATUSES } from './types.js';

const run = async (db: Kysely<unknown>, statements: string[]): Promise<void> => {
  for (const statement of statements) await sql.raw(statement).execute(db);
};

/** Ids and names sort by byte, as keywords do, whatever the locale of the database. */
const TEXT = 'text collate "C"';

const CONFIG_COLUMNS = `
  name ${TEXT}, active boolean, analytics boolean, autorecover boolean, lifecycle ${TEXT}, log_level ${TEXT},
  max_retries double precision, probation_window double precision, slicers double precision,
  workers double precision, stateful boolean,
  _created timestamptz not null, _updated timestamptz not null, _deleted boolean, _deleted_on timestamptz`;

const terminal = TERMINAL_STATUSES.map((status) => `'${status}'`).join(', ');

const initial: Migration = {
  async up(db) {
    await run(db, [
      `create table jobs (job_id ${TEXT} primary key, ${CONFIG_COLUMNS}, doc json not null)`,
      'create index jobs_updated on jobs (_updated)',
      'create index jobs_created on jobs (_created)',

      // The fill factor leaves room in each page, so that counters are rewritten in place, indexes untouched.
      `create table executions (
        ex_id ${TEXT} primary key, job_id ${TEXT} not null, ${CONFIG_COLUMNS},
        _status ${TEXT} not null, _has_errors boolean, "_failureReason" ${TEXT},
        recovered_execution ${TEXT}, recovered_slice_type ${TEXT},
        slicer_hostname ${TEXT}, slicer_port double precision, teraslice_version ${TEXT},
        number bigint generated always as identity,
        terminal boolean not null generated always as (_status in (${terminal})) stored,
        state json not null,
        workers_wanted double precision not null,
        status_seq bigint not null default 0, counters_seq bigint not null default 0,
        counters json, processed double precision not null default 0, failed double precision not null default 0,
        closed boolean not null default false, report json, recovery json,
        recovered_total integer not null default 0
      ) with (fillfactor = 70)`,
      `create table execution_specs (ex_id ${TEXT} primary key, spec json not null)`,
      'create unique index executions_one_active_per_job on executions (job_id) where not terminal',
      'create index executions_active on executions (_created, number) where not terminal',
      'create index executions_latest on executions (job_id, _created, number)',
      'create index executions_updated on executions (_updated)',
      'create index executions_created on executions (_created)',
      'create index executions_status on executions (_status, _updated)',

      `create table failed_slices (
        ex_id ${TEXT}, slicer_id integer, slicer_order bigint, slice_id ${TEXT},
        request text not null, error text not null, retry_count integer,
        _created timestamptz not null, _updated timestamptz not null,
        primary key (ex_id, slicer_id, slicer_order, slice_id)
      )`,
      'create index failed_slices_of on failed_slices (ex_id, _updated)',
      'create index failed_slices_updated on failed_slices (_updated)',

      `create table recovered_slices (
        ex_id ${TEXT}, position integer, slicer_id integer not null, slicer_order bigint not null,
        request text not null, slice_id ${TEXT}, staged timestamptz not null default now(),
        primary key (ex_id, position)
      )`,
      `create table slice_pages (
        ex_id ${TEXT}, page_id ${TEXT}, slices json not null, primary key (ex_id, page_id)
      )`,

      `create table assets (
        id ${TEXT} primary key, name ${TEXT} not null, version ${TEXT} not null, description text,
        node_version ${TEXT}, platform ${TEXT}, arch ${TEXT},
        size bigint not null, location text not null, _created timestamptz not null
      )`,
      'create index assets_name on assets (name, version)',
      'create index assets_created on assets (_created)',

      `create table nodes (
        node_id ${TEXT} primary key, incarnation ${TEXT} not null, hostname ${TEXT} not null,
        pid integer not null, slots integer not null, node_version ${TEXT} not null, version ${TEXT} not null,
        seen timestamptz not null, draining boolean not null
      ) with (fillfactor = 50)`,
      `create table hosts (
        host_id ${TEXT} primary key, ex_id ${TEXT} not null, node_id ${TEXT} not null, incarnation ${TEXT} not null,
        kind ${TEXT} not null, epoch integer not null, state ${TEXT} not null, draining boolean not null,
        pid integer, busy boolean not null, recoverable boolean, outcome ${TEXT}, reason text,
        created timestamptz not null, updated timestamptz not null
      ) with (fillfactor = 70)`,
      'create index hosts_ex on hosts (ex_id)',
      `create index hosts_live on hosts (created) where state <> 'ended'`,

      `create table audit (
        id bigint generated always as identity primary key, at timestamptz not null default now(),
        action ${TEXT} not null, job_id ${TEXT}, ex_id ${TEXT}, detail json
      )`,
      'create index audit_at on audit (at)',
    ]);
  },
};

/** In the order of their names. A migration that was released is never changed; add another one. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_initial': initial,
  '0002_recovery': recovery,
  '0003_assets': assets,
  '0004_list_indexes': listIndexes,
  '0005_forced_hosts': forcedHosts,
  '0006_execution_states': executionStates,
  '0007_superseded_nodes': supersededNodes,
  '0008_asset_columns': assetColumns,
  '0009_node_fences': nodeFences,
};

/** Limits of a session that do not hold for migrations. */
const LIMITS = ['lock_timeout', 'statement_timeout'] as const;

/**
 * Brings the schema up to date. Masters that open one database at the same time take turns
 * (Kysely holds an advisory lock), and a migration that fails leaves nothing behind.
 */
export async function migrate(db: Database): Promise<void> {
  await db.connection().execute(async (session) => {
    // A new index of a large table may take longer than anything else, and other masters wait for it.
    for (const limit of LIMITS) await sql`set ${sql.ref(limit)} = 0`.execute(session);
    const migrator = new Migrator({ db: session, provider: { getMigrations: async () => MIGRATIONS } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
    for (const limit of LIMITS) await sql`reset ${sql.ref(limit)}`.execute(session);
  });
}

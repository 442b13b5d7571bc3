/**
 * How long lists take with many jobs and executions in the embedded store: `npm run bench:lists`.
 * Prints a table; each figure is the median and the maximum of some calls, in ms.
 *
 *   --jobs N         jobs in the store (default 10,000)
 *   --executions N   executions in the store (default 50,000)
 *   --repetitions R  calls of each kind (default 5)
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { EXECUTION_FIELDS, JOB_FIELDS } from '../dist/store/fields.js';
import { openStore } from '../dist/store/index.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '10000' },
    executions: { type: 'string', default: '50000' },
    repetitions: { type: 'string', default: '5' },
  },
});
const [JOBS, EXECUTIONS, REPETITIONS] = [values.jobs, values.executions, values.repetitions].map(Number);

/** A job of usual size, as validation leaves it. */
const spec = {
  name: 'bench',
  active: true,
  analytics: true,
  assets: [],
  autorecover: false,
  lifecycle: 'once',
  max_retries: 3,
  probation_window: 300_000,
  slicers: 1,
  workers: 4,
  stateful: false,
  apis: [],
  operations: Array.from({ length: 6 }, (_, index) => ({
    _op: `operation_${index}`,
    path: '/data/some/where/in.ndjson',
  })),
};

/** What a run leaves beside its document: statistics in three places, and the last slice of each slicer. */
const STATISTICS = `json_build_object(
  'workers_available', 0, 'workers_active', 0, 'workers_joined', 4, 'workers_reconnected', 0, 'workers_disconnected', 0,
  'job_duration', n % 1000, 'failed', n % 3, 'subslices', 0, 'queued', 0, 'slice_range_expansion', 0,
  'processed', n % 10000, 'slicers', 1, 'subslice_by_key', 0, 'started', now(), 'queuing_complete', now(),
  'records', array[n, n, n, n, n, n])`;
const RUN = `
  state = json_build_object('metadata', json_build_object(), '_has_errors', n % 4 = 1,
    '_failureReason', case when n % 4 = 1 then repeat('TSError: the slice ' || n || ' failed, ', 20) else '' end,
    '_slicer_stats', ${STATISTICS}, 'slicer_hostname', '127.0.0.1', 'slicer_port', 45678),
  counters = json_build_object('issued', n, 'completed', n, 'failed', 0, 'pending', 0, 'running', 0,
    'records', array[n, n, n, n, n, n], 'times', array[n, n, n, n, n, n], 'stats', ${STATISTICS}),
  report = json_build_object('issued', n, 'completed', n, 'failed', 0, 'recovered', 0, 'pending', array[]::json[],
    'started', 0, 'last', array[array['0', n::text, '{"path":"/data/some/where/in.ndjson","offset":' || n || ',"length":1000000}']],
    'slicerDone', true, 'pages', array[]::json[], 'recoveredPosition', null, 'recoveredEnd', 0, 'recoverable', true)`;

/** `n` is the number of the row; hashes spread values without an order. */
const VARIED = `
  name = 'load of table ' || (n % 977), workers = 1 + n % 32, slicers = 1 + n % 3, max_retries = n % 5,
  lifecycle = case when n % 7 = 0 then 'persistent' else 'once' end,
  active = case when n % 11 = 0 then false when n % 13 = 0 then null else true end,
  _created = now() - n * interval '1 minute', _updated = now() - (hashint4(n::int) & 1048575) * interval '1 second'`;

const ENDED = `
  _status = (array['completed','failed','stopped','terminated'])[1 + n % 4], _has_errors = n % 4 = 1,
  "_failureReason" = case when n % 4 = 1 then repeat('TSError: the slice ' || n || ' failed, ', 20) else '' end,
  processed = n % 10000, failed = n % 3`;

async function fill(dataDir) {
  const seed = await openStore({ dataDir });
  const [job_id, ex_id, now] = [id(0), id(0), new Date().toISOString()];
  const times = { _created: now, _updated: now };
  await seed.jobs.insert({ ...spec, ...times, job_id, _context: 'job' });
  const state = {
    _status: 'completed',
    _has_errors: false,
    _failureReason: '',
    _slicer_stats: {},
    metadata: {},
  };
  await seed.executions.insert({
    ...{ ...spec, ...times, ...state, job_id, ex_id, _context: 'ex', teraslice_version: 'v3.18.0' },
  });
  await seed.close();

  const db = await PGlite.create(join(dataDir, 'store'));
  const copy = async (table, columns, count, key) => {
    const others = columns.filter((column) => !key.includes(column)).map((column) => `"${column}"`);
    await db.exec(`
      insert into ${table} (${[...key, ...others].join(', ')})
      select ${key.map(() => `('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))`).join(', ')}, ${others.join(', ')}
      from ${table} cross join generate_series(1, ${count - 1}) as n`);
  };
  await copy('jobs', [...Object.keys(JOB_FIELDS), 'doc'], JOBS, ['job_id']);
  await db.exec(
    `update jobs set ${VARIED} from (select job_id as key, right(job_id, 12)::bigint as n from jobs) numbered where key = job_id`,
  );
  await copy('executions', [...Object.keys(EXECUTION_FIELDS), 'workers_wanted'], EXECUTIONS, ['ex_id']);
  await copy('execution_states', ['state'], EXECUTIONS, ['ex_id']);
  await copy('execution_specs', ['spec'], EXECUTIONS, ['ex_id']);
  await db.exec(`
    update executions set ${VARIED}, ${ENDED}, job_id = '00000000-0000-4000-8000-' || lpad((n % ${JOBS})::text, 12, '0')
    from (select ex_id as key, right(ex_id, 12)::bigint as n from executions) numbered where key = ex_id`);
  await db.exec(`
    update execution_states set ${RUN}
    from (select ex_id as key, right(ex_id, 12)::bigint as n from executions) numbered where key = ex_id`);
  await db.exec('vacuum analyze');
  await db.close();
}

const id = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** All of a list, which comes page by page. */
async function listed(pages) {
  const all = [];
  for await (const page of pages) all.push(...page);
  return all;
}

async function time(call) {
  const times = [];
  for (let round = 0; round < REPETITIONS; round++) {
    const started = performance.now();
    await call();
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], max: times.at(-1) };
}

function calls(store) {
  const lists = [];
  for (const [name, list, fields] of [
    ['jobs', store.jobs.list, JOB_FIELDS],
    ['ex', store.executions.list, EXECUTION_FIELDS],
  ]) {
    const add = (query) =>
      lists.push([`${name} ${JSON.stringify(query)}`, () => listed(list({ deleted: false, ...query }))]);
    add({});
    add({ from: 9_000 });
    for (const field of Object.keys(fields))
      for (const way of ['asc', 'desc']) add({ sort: `${field}:${way}` });
    add({ filter: 'lifecycle:persistent' });
    add({ filter: `job_id:${id(77)}` });
    add({ filter: 'workers:>30 AND NOT active:false' });
    add({ filter: '_created:>now-1d' });
    add({ filter: 'name:"table 77"' });
    add({ filter: 'name:nowhere' });
    add({ filter: 'name:*99*' });
    add({ filter: 'nowhere' });
  }
  const add = (query) =>
    lists.push([
      `ex ${JSON.stringify(query)}`,
      () => listed(store.executions.list({ deleted: false, ...query })),
    ]);
  add({ statuses: ['failed'] });
  add({ statuses: ['failed', 'stopped'], sort: '_created:asc' });
  add({ filter: '_status:failed' });
  add({ filter: '_failureReason:nowhere' });
  add({ filter: '_failureReason:*no*where*' });
  add({ filter: '_failureReason:"slice 77 failed"' });
  add({ filter: 'name:(nowhere OR elsewhere)' });
  const words = Array.from({ length: 24 }, (_, n) => `nowhere${n}`).join(' OR ');
  add({ filter: '_failureReason:(nowhere OR elsewhere OR somewhere)' });
  add({ filter: `_failureReason:(${words})` });
  lists.push([
    'jobs with ex',
    async () => {
      const jobs = await listed(store.jobs.list({}));
      await listed(store.executions.latestOfEach(jobs.map((job) => job.job_id)));
    },
  ]);
  lists.push(['totals', () => store.executions.totals()]);
  return lists;
}

const dataDir = await mkdtemp(join(tmpdir(), 'temposlice-lists-'));
try {
  await fill(dataDir);
  const store = await openStore({ dataDir });
  console.log(`${JOBS} jobs, ${EXECUTIONS} executions\n`);
  console.log('| list | median ms | max ms |\n| ---- | --------: | -----: |');
  for (const [name, call] of calls(store)) {
    const { median, max } = await time(call);
    console.log(`| ${name.replaceAll('|', '\\|')} | ${median.toFixed(1)} | ${max.toFixed(1)} |`);
  }
  await store.close();
} finally {
  await rm(dataDir, { recursive: true });
}

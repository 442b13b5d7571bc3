import type { Case, Expectation } from '../case.js';

/** A header with these columns, a rule, and what follows. */
const table = (columns: string[], rows = '[^]*'): Expectation => {
  const header = columns.join(' +');
  const rule = columns.map(() => '-+').join(' +');
  return {
    status: 200,
    headers: { 'content-type': /^text\/html; charset=utf-8$/ },
    text: new RegExp(`^${header} *\\n${rule} *\\n${rows}\\n$`),
  };
};
const txt = (row: string, request: string, ...columns: string[]): Case => ({
  row: `10 ${row}`,
  request: `GET /txt/${request}`,
  expect: table(columns),
});

const JOBS = ['job_id', 'name', 'active', 'lifecycle', 'slicers', 'workers', '_created', '_updated'];
const EXECUTIONS = [
  ...['name', 'lifecycle', 'slicers', 'workers', '_status', 'ex_id', 'job_id', '_created', '_updated'],
];
const CONTROLLERS = [
  ...['name', 'job_id', 'workers_available', 'workers_active', 'failed', 'queued', 'processed'],
];
const ASSETS = ['name', 'version', 'id', '_created', 'description', 'node_version', 'platform', 'arch'];

export const TABLES: Case[] = [
  txt('workers', 'workers', 'assignment', 'job_id', 'ex_id', 'node_id', 'pid'),
  txt(
    'nodes',
    'nodes',
    ...['node_id', 'state', 'hostname', 'total', 'active', 'pid', 'teraslice_version', 'node_version'],
  ),
  txt('jobs', 'jobs', ...JOBS),
  txt('deleted jobs', 'jobs?deleted=true', ...JOBS, '_deleted_on'),
  txt('executions', 'ex', ...EXECUTIONS),
  txt('controllers', 'controllers', ...CONTROLLERS),
  txt('slicers', 'slicers', ...CONTROLLERS),
  txt('assets', 'assets', ...ASSETS),
  txt('assets by name', 'assets/posted-{run}', ...ASSETS),
  txt('assets by name and version', 'assets/posted-{run}/1.0.0', ...ASSETS),
  txt('fields', 'ex?fields=_status,_slicer_stats.processed', '_status', '_slicer_stats.processed'),
  {
    row: '10 one row',
    request: 'GET /txt/ex?fields=_status,name,nothing&filter=ex_id:{ex:completed}',
    expect: table(['_status', 'name', 'nothing'], 'completed +conformance-\\w+-completed +N\\/A *'),
  },
  {
    row: '10 no records: one blank row',
    request: 'GET /txt/jobs?fields=job_id,name&filter=job_id:{unknown}',
    expect: { status: 200, text: /^job_id {2}name\n------ {2}----\n {12}\n$/ },
  },
  {
    row: '10 headers=false',
    request: 'GET /txt/ex?fields=_status&headers=false&filter=ex_id:{ex:completed}',
    expect: { status: 200, text: /^completed *\n$/ },
  },
  {
    row: '10 missing values of assets are empty',
    request: 'GET /txt/assets/posted-{run}/1.0.0?fields=version,platform&headers=false',
    expect: { status: 200, text: /^1\.0\.0 *\n$/ },
  },
  txt('deleted jobs, empty', 'jobs?deleted=', ...JOBS, '_deleted_on'),
  txt('deleted executions', 'ex?deleted=true', ...EXECUTIONS, '_deleted_on'),
  txt('fields, empty', 'jobs?fields=', ...JOBS),
  txt('fields with spaces', 'jobs?fields=name,%20active,,', 'name', 'active'),
  txt('headers that are no "false"', 'jobs?headers=no&fields=name', 'name'),
  {
    row: '10 deleted=maybe',
    request: 'GET /txt/jobs?deleted=maybe',
    expect: { status: 400, message: 'deleted query option must true or false' },
  },
  {
    row: '10 status does not choose',
    request: 'GET /txt/ex?fields=_status&headers=false&status=running&filter=ex_id:{ex:completed}',
    expect: { status: 200, text: /^completed\n$/ },
  },
  {
    row: '10 values that are no text',
    request:
      'GET /txt/ex?fields=assets,active,workers,metadata,_failureReason&headers=false&filter=ex_id:{ex:completed}',
    expect: { status: 200, text: /^null {2}true {2}1 {2}\[object Object\] {2}\n$/ },
  },
  ...['workers', 'nodes', 'controllers'].map((list): Case => ({
    row: '10 size is where it ends',
    request: `GET /txt/${list}?size=0&headers=false&fields=name`,
    expect: { status: 200, text: /^ *\n$/ },
  })),
  {
    row: '10 processes of the master',
    request: 'GET /txt/workers?fields=assignment,ex_id',
    expect: table(['assignment', 'ex_id'], '[^]*\\bcluster_master +N/A[^]*\\bassets_service +N/A[^]*'),
  },
];

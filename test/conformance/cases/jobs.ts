import type { Case, Expectation } from '../case.js';
import { deletedExecution, deletedJob, exactly, execution, job, jobAsPosted, noneOf } from '../shapes.js';
import { z } from 'zod';
import { ONCE } from '../world.js';

const NOT_FOUND = { status: 404, message: /./ };
const NAMED = { name: 'conformance-{run}-posted', ...ONCE };

const JOB_CONFIG = /^Validation failed for job config: conformance-\w+-posted - /;
const only = (id: string): Expectation => ({
  status: 200,
  body: exactly(1, job),
  values: { '0.job_id': id },
});

export const JOBS: Case[] = [
  { row: '4.2 list', request: 'GET /v1/jobs?filter=job_id:{job:never}', expect: only('{job:never}') },
  {
    row: '4.2 active=true: those that do not say otherwise',
    request: 'GET /v1/jobs?active=true&filter=job_id:{job:never}',
    expect: only('{job:never}'),
  },
  {
    row: '4.2 active=true',
    request: 'GET /v1/jobs?active=true&filter=job_id:{job:inactive}',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '4.2 active=false',
    request: 'GET /v1/jobs?active=false&filter=job_id:{job:inactive}',
    expect: only('{job:inactive}'),
  },
  {
    row: '4.2 active=false',
    request: 'GET /v1/jobs?active=false&filter=job_id:{job:never}',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '4.2 active=maybe does not filter',
    request: 'GET /v1/jobs?active=maybe&filter=job_id:{job:inactive}',
    expect: only('{job:inactive}'),
  },
  {
    row: '4.2 deleted jobs are left out',
    request: 'GET /v1/jobs?filter=job_id:{job:deleted}',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '4.2 deleted=false',
    request: 'GET /v1/jobs?deleted=false&filter=job_id:{job:deleted}',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '4.2 deleted=true',
    request: 'GET /v1/jobs?deleted=true&filter=job_id:{job:deleted}',
    expect: { status: 200, body: exactly(1, deletedJob), values: { '0.job_id': '{job:deleted}' } },
  },
  {
    row: '4.2 deleted=true: only those',
    request: 'GET /v1/jobs?deleted=true&filter=job_id:{job:never}',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '4.2 deleted, empty',
    request: 'GET /v1/jobs?deleted=&filter=job_id:{job:deleted}',
    expect: only('{job:deleted}'),
  },
  {
    row: '4.2 deleted=maybe',
    request: 'GET /v1/jobs?deleted=maybe',
    expect: { status: 400, message: 'deleted query option must true or false' },
  },
  {
    row: '4.2 ex',
    request: 'GET /v1/jobs?ex=_status,ex_id&filter=job_id:{job:completed}',
    expect: { status: 200, values: { '0.ex': { _status: 'completed', ex_id: '{ex:completed}' } } },
  },
  {
    row: '4.2 ex of a job that never ran',
    request: 'GET /v1/jobs?ex=_status&filter=job_id:{job:never}',
    expect: { status: 200, values: { '0.ex': {} } },
  },
  {
    row: '4.2 ex, empty: all of it',
    request: 'GET /v1/jobs?ex=&filter=job_id:{job:completed}',
    expect: { status: 200, body: exactly(1, job.extend({ ex: execution })) },
  },
  {
    row: '4.2 ex, twice: none of it',
    request: 'GET /v1/jobs?ex=_status&ex=ex_id&filter=job_id:{job:never}',
    expect: { status: 200, body: exactly(1, jobAsPosted('name', 'lifecycle', 'workers', 'operations')) },
  },
  {
    row: '4.2 active, empty, does not filter',
    request: 'GET /v1/jobs?active=&filter=job_id:{job:inactive}',
    expect: only('{job:inactive}'),
  },
  {
    row: '1.3 filter by name',
    request: 'GET /v1/jobs?filter=name:%22conformance-{run}-inactive%22&active=false',
    expect: only('{job:inactive}'),
  },

  {
    row: '4.3 as posted',
    request: 'GET /v1/jobs/{job:never}',
    expect: {
      status: 200,
      body: jobAsPosted('name', 'lifecycle', 'workers', 'operations'),
      values: { ...ONCE, name: 'conformance-{run}-never', job_id: '{job:never}' },
    },
  },
  {
    row: '4.3 ex',
    request: 'GET /v1/jobs/{job:completed}?ex=_status',
    expect: { status: 200, body: job, values: { ex: { _status: 'completed' } } },
  },
  {
    row: '4.3 ex with what is no field',
    request: 'GET /v1/jobs/{job:completed}?ex=no_such_field',
    expect: { status: 200, body: job.extend({ ex: z.strictObject({}) }) },
  },
  {
    row: '4.3 deleted ones, too',
    request: 'GET /v1/jobs/{job:deleted}',
    expect: { status: 200, body: deletedJob },
  },
  { row: '4.3 unknown', request: 'GET /v1/jobs/{unknown}', expect: NOT_FOUND },
  { row: '4.3 no UUID', request: 'GET /v1/jobs/no-uuid', expect: NOT_FOUND },

  {
    row: '4.4 replaces the job as a whole',
    request: 'PUT /v1/jobs/{job:never#update}',
    send: { json: { name: 'conformance-{run}-updated', operations: ONCE.operations } },
    expect: {
      status: 200,
      body: jobAsPosted('name', 'operations'),
      values: { job_id: '{job:never#update}', name: 'conformance-{run}-updated' },
    },
  },
  {
    row: '4.4 the id of the path wins',
    request: 'PUT /v1/jobs/{job:never#update}',
    send: { json: { job_id: '{unknown}', _created: 'never', ...NAMED } },
    expect: {
      status: 200,
      body: jobAsPosted('name', 'lifecycle', 'workers', 'operations'),
      values: { job_id: '{job:never#update}' },
    },
  },
  {
    row: '4.4 what the server says of a job may be in it',
    request: 'PUT /v1/jobs/{job:never#update}',
    send: { json: { ...NAMED, _context: 'ex', _updated: 'never', own: [1] } },
    expect: {
      status: 200,
      body: jobAsPosted('name', 'lifecycle', 'workers', 'operations', 'own'),
      values: { _context: 'job', own: [1] },
    },
  },
  {
    row: '4.4 it is as it was put',
    request: 'GET /v1/jobs/{job:never#update}',
    expect: { status: 200, values: { own: [1], name: 'conformance-{run}-posted' } },
  },
  {
    row: '4.4 empty',
    request: 'PUT /v1/jobs/{job:never}',
    send: { json: {} },
    expect: { status: 400, message: 'no data was provided to update job {job:never}' },
  },
  { row: '4.4 unknown', request: 'PUT /v1/jobs/{unknown}', send: { json: NAMED }, expect: NOT_FOUND },
  {
    row: '4.4 deleted',
    request: 'PUT /v1/jobs/{job:deleted}',
    send: { json: NAMED },
    expect: { status: 410, message: 'Job {job:deleted} has been deleted and cannot be updated.' },
  },
  {
    row: '4.4 invalid',
    request: 'PUT /v1/jobs/{job:never}',
    send: { json: { ...NAMED, workers: 0 } },
    expect: { status: 500, message: JOB_CONFIG },
    temposlice: { status: 400, message: JOB_CONFIG },
  },
  {
    row: '4.4 active: false is a job as any other',
    request: 'PUT /v1/jobs/{job:never#wiped}',
    send: { json: { active: false } },
    expect: { status: 200, body: jobAsPosted('active') },
    temposlice: { status: 400, message: /^Validation failed for job config: undefined - / },
  },

  {
    row: '4.5 delete',
    request: 'DELETE /v1/jobs/{job:never#delete}',
    expect: { status: 200, body: deletedJob, values: { job_id: '{job:never#delete}' } },
  },
  {
    row: '4.5 deleted already',
    request: 'DELETE /v1/jobs/{job:deleted}',
    expect: { status: 410, message: 'Job {job:deleted} has already been deleted.' },
  },
  {
    row: '4.5 running',
    request: 'DELETE /v1/jobs/{job:running}',
    expect: {
      status: 409,
      message: 'Job {job:running} is currently running, cannot delete a running job.',
    },
  },
  { row: '4.5 unknown', request: 'DELETE /v1/jobs/{unknown}', expect: NOT_FOUND },
  {
    row: '4.5 with its executions',
    request: 'DELETE /v1/jobs/{job:completed#gone}',
    expect: { status: 200, body: deletedJob },
  },
  {
    row: '4.5 deleted executions are there',
    request: 'GET /v1/ex/{ex:completed#gone}',
    expect: { status: 200, body: deletedExecution, values: { _status: 'completed' } },
  },
  {
    row: '4.6 deleted, too',
    request: 'GET /v1/jobs/{job:completed#gone}/ex',
    expect: { status: 200, body: deletedExecution, values: { ex_id: '{ex:completed#gone}' } },
  },
  {
    row: '4.3 ex of a deleted job',
    request: 'GET /v1/jobs/{job:completed#gone}?ex=_deleted,_status',
    expect: { status: 200, values: { ex: {} } },
  },
  {
    row: '4.3 ex of a deleted job, without the field that says so',
    request: 'GET /v1/jobs/{job:completed#gone}?ex=_status',
    expect: { status: 200, values: { ex: { _status: 'completed' } } },
    temposlice: { status: 200, values: { ex: {} } },
  },
  {
    row: '6 deleted=true',
    request: 'GET /v1/ex?deleted=true&filter=ex_id:{ex:completed#gone}',
    expect: { status: 200, body: exactly(1, deletedExecution) },
  },
  {
    row: '6 deleted ones are left out',
    request: 'GET /v1/ex?filter=ex_id:{ex:completed#gone}',
    expect: { status: 200, body: noneOf },
  },

  {
    row: '4.7 _inactive',
    request: 'POST /v1/jobs/{job:never#flag}/_inactive',
    expect: { status: 200, body: job, values: { active: false, job_id: '{job:never#flag}' } },
  },
  {
    row: '4.7 _active',
    request: 'POST /v1/jobs/{job:never#flag}/_active',
    expect: { status: 200, body: job, values: { active: true, job_id: '{job:never#flag}' } },
  },
  { row: '4.7 unknown', request: 'POST /v1/jobs/{unknown}/_active', expect: NOT_FOUND },
  {
    row: '4.7 deleted',
    request: 'POST /v1/jobs/{job:deleted}/_active',
    expect: { status: 410, message: 'Job {job:deleted} has been deleted and cannot be updated.' },
  },
];

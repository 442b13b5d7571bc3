import type { Case } from '../case.js';
import { execution, submitted } from '../shapes.js';

const NOT_FOUND = { status: 404, message: /./ };

// Not asked of what runs, and not of a reader that cannot recover without a type: a real Teraslice would then have
// two executions of one job, or one that holds its slots for good.
export const RECOVER: Case[] = [
  ...['cleanup_type', 'cleanup'].map((parameter): Case => ({
    row: '5.5 wrong cleanup type',
    request: `POST /v1/jobs/{job:completed}/_recover?${parameter}=some`,
    expect: { status: 400, message: 'cleanup_type must be empty or set to all, errors, pending' },
  })),
  { row: '5.5 unknown job', request: 'POST /v1/jobs/{unknown}/_recover', expect: NOT_FOUND },
  { row: '5.5 unknown execution', request: 'POST /v1/ex/{unknown}/_recover', expect: NOT_FOUND },
  {
    row: '5.5 deleted',
    request: 'POST /v1/jobs/{job:deleted}/_recover',
    expect: { status: 410, message: 'Job {job:deleted} has been deleted and cannot be recovered.' },
  },
  {
    row: '5.5 never ran',
    request: 'POST /v1/jobs/{job:never}/_recover',
    expect: { status: 404, message: 'Job {job:never} is missing an execution to recover from' },
  },
  {
    row: '5.5 cleanup by execution',
    request: 'POST /v1/ex/{ex:failed#ex}/_recover?cleanup=errors',
    expect: { status: 200, body: submitted, values: { job_id: '{job:failed#ex}' } },
  },
  {
    row: '5.5 cleanup_type by job',
    request: 'POST /v1/jobs/{job:failed#job}/_recover?cleanup_type=all',
    expect: { status: 200, body: submitted, values: { job_id: '{job:failed#job}' } },
  },
  {
    row: '5.5 what a recovered execution says',
    request: 'GET /v1/jobs/{job:failed#ex}/ex',
    expect: {
      status: 200,
      body: execution,
      values: { recovered_execution: '{ex:failed#ex}', recovered_slice_type: 'errors' },
    },
  },
  {
    row: '5.5 what a recovered execution says',
    request: 'GET /v1/jobs/{job:failed#job}/ex',
    expect: {
      status: 200,
      body: execution,
      values: { recovered_execution: '{ex:failed#job}', recovered_slice_type: 'all' },
    },
  },
  {
    row: '5.5 cleanup types, empty',
    request: 'POST /v1/jobs/{unknown}/_recover?cleanup_type=&cleanup=',
    expect: NOT_FOUND,
  },
  {
    row: '5.5 a wrong type comes first',
    request: 'POST /v1/jobs/{unknown}/_recover?cleanup=start',
    expect: { status: 400, message: 'cleanup_type must be empty or set to all, errors, pending' },
  },
];

import type { Case } from '../case.js';
import { z } from 'zod';
import { endedExecution, execution, status, submitted } from '../shapes.js';
import { inapplicable, noExecution } from './inapplicable.js';

const NOT_FOUND = { status: 404, message: /./ };
const settled = (row: string, request: string, wanted: string): Case => ({
  row,
  request,
  expect: { status: 200, body: status(wanted) },
});
export const CONTROL: Case[] = [
  {
    row: '5.1 start',
    request: 'POST /v1/jobs/{job:never#start}/_start',
    expect: { status: 200, body: submitted, values: { job_id: '{job:never#start}' } },
  },
  {
    row: '5.1 start again',
    request: 'POST /v1/jobs/{job:completed#again}/_start',
    expect: { status: 200, body: submitted, values: { job_id: '{job:completed#again}' } },
  },
  {
    row: '5.1 running',
    request: 'POST /v1/jobs/{job:running}/_start',
    expect: {
      status: 409,
      message: 'Job {job:running} is currently running, cannot have the same job concurrently running',
    },
  },
  {
    row: '5.1 recovers by itself, and never ran',
    request: 'POST /v1/jobs/{job:never-autorecover}/_start',
    expect: { status: 200, body: submitted },
  },
  {
    row: '5.1 recovers by itself, and never ran: nothing was recovered',
    request: 'GET /v1/jobs/{job:never-autorecover}/ex',
    expect: {
      status: 200,
      body: execution.omit({ recovered_execution: true, recovered_slice_type: true }),
      values: { autorecover: true },
    },
  },
  { row: '5.1 unknown', request: 'POST /v1/jobs/{unknown}/_start', expect: NOT_FOUND },
  {
    row: '5.1 deleted',
    request: 'POST /v1/jobs/{job:deleted}/_start',
    expect: { status: 410, message: 'Job {job:deleted} has been deleted and cannot be started.' },
  },

  settled('5.3 pause, by job', 'POST /v1/jobs/{job:running#verbs}/_pause', 'paused'),
  {
    row: '5.3 paused is what the execution says',
    request: 'GET /v1/ex/{ex:running#verbs}',
    expect: { status: 200, body: execution, values: { _status: 'paused' } },
  },
  settled('5.3 pause what is paused, by execution', 'POST /v1/ex/{ex:running#verbs}/_pause', 'paused'),
  settled('5.4 resume, by execution', 'POST /v1/ex/{ex:running#verbs}/_resume', 'running'),
  settled('5.4 resume what runs, by job', 'POST /v1/jobs/{job:running#verbs}/_resume', 'running'),
  ...inapplicable('5.3 pause', '_pause'),
  ...inapplicable('5.4 resume', '_resume'),

  settled('5.2 stop, by job', 'POST /v1/jobs/{job:running#verbs}/_stop', 'stopped'),
  settled('5.2 stop what has ended, by job', 'POST /v1/jobs/{job:running#verbs}/_stop', 'stopped'),
  settled('5.2 stop what has ended, by execution', 'POST /v1/ex/{ex:completed}/_stop', 'completed'),
  {
    row: '5.2 stopped is what the execution says',
    request: 'GET /v1/jobs/{job:running#verbs}/ex',
    expect: {
      status: 200,
      body: endedExecution,
      values: { _status: 'stopped', _has_errors: false, _failureReason: '' },
    },
  },
  {
    row: '5.2 blocking is that or nothing',
    request: 'POST /v1/ex/{ex:completed}/_stop?blocking=',
    expect: { status: 200, body: status('completed') },
  },
  {
    row: '5.2 a timeout that is none',
    request: 'POST /v1/ex/{ex:completed}/_stop?timeout=soon',
    expect: { status: 200, body: status('completed') },
    temposlice: { status: 400, message: /^timeout must be a number of milliseconds above zero, got soon$/ },
  },
  {
    row: '5.2 not blocking',
    request: 'POST /v1/ex/{ex:running#stop}/_stop?blocking=false',
    expect: { status: 200, body: status('stopping', 'stopped') },
  },
  settled('5.2 joins the wait', 'POST /v1/ex/{ex:running#stop}/_stop?blocking=true', 'stopped'),
  {
    row: '5.2 force',
    request: 'POST /v1/ex/{ex:completed}/_stop?force=true',
    expect: {
      status: 200,
      body: z.strictObject({ message: z.string(), status: z.string() }),
      values: { message: 'Force stop complete for exId {ex:completed}', status: 'completed' },
    },
  },
  {
    row: '5.2 force, empty',
    request: 'POST /v1/jobs/{job:completed}/_stop?force=',
    expect: { status: 200, body: status('completed') },
  },
  {
    row: '5.2 force=false',
    request: 'POST /v1/ex/{ex:completed}/_stop?force=false',
    expect: { status: 200, values: { message: 'Force stop complete for exId {ex:completed}' } },
    temposlice: { status: 200, body: status('completed') },
  },
  {
    row: '5.2 force=1',
    request: 'POST /v1/ex/{ex:completed}/_stop?force=1',
    expect: { status: 200, values: { message: 'Force stop complete for exId {ex:completed}' } },
  },
  { row: '5.2 unknown execution', request: 'POST /v1/ex/{unknown}/_stop', expect: NOT_FOUND },
  {
    row: '5.2 never ran',
    request: 'POST /v1/jobs/{job:never}/_stop',
    expect: noExecution('{job:never}'),
  },
  { row: '5.2 unknown job', request: 'POST /v1/jobs/{unknown}/_stop', expect: noExecution('{unknown}') },
];

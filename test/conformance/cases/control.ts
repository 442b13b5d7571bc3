import type { Case } from '../case.js';
import { endedExecution, execution, status, submitted } from '../shapes.js';
import { z } from 'zod';

const NOT_FOUND = { status: 404, message: /./ };
const noExecution = (job: string) => ({ status: 404, message: `No execution was found for job ${job}` });
const notActive = (ex: string) => ({
  status: 404,
  message: `no active execution context was found for ex_id: ${ex}`,
});
const message = z.strictObject({ message: z.string() });

/** Answers that an execution which has ended, was never there or never ran has for a verb. */
const inapplicable = (row: string, verb: string): Case[] => [
  {
    row: `${row} ended, by job`,
    request: `POST /v1/jobs/{job:completed}/${verb}`,
    expect: notActive('{ex:completed}'),
  },
  {
    row: `${row} ended, by execution`,
    request: `POST /v1/ex/{ex:completed}/${verb}`,
    expect: notActive('{ex:completed}'),
  },
  {
    row: `${row} unknown execution`,
    request: `POST /v1/ex/{unknown}/${verb}`,
    expect: notActive('{unknown}'),
  },
  {
    row: `${row} never ran`,
    request: `POST /v1/jobs/{job:never}/${verb}`,
    expect: noExecution('{job:never}'),
  },
];
const settled = (row: string, request: string, wanted: string): Case => ({
  row,
  request,
  expect: { status: 200, body: status(wanted) },
});
const workers = (query: string, text: string): Case => ({
  row: `5.6 ${query}`,
  request: `POST /v1/jobs/{job:running}/_workers?${query}`,
  expect: {
    status: 200,
    body: message,
    values: { message: `${text} for execution: {ex:running}` },
  },
});
const badWorkers = (query: string): Case => ({
  row: '5.6 wrong',
  request: `POST /v1/ex/{ex:running}/_workers${query}`,
  expect: {
    status: 400,
    message: 'Must provide a valid worker parameter(add/remove/total) that is a number and greater than zero',
  },
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
    row: '5.2 force=false',
    request: 'POST /v1/ex/{ex:completed}/_stop?force=false',
    expect: { status: 200, values: { message: 'Force stop complete for exId {ex:completed}' } },
    temposlice: { status: 200, body: status('completed') },
  },
  { row: '5.2 unknown execution', request: 'POST /v1/ex/{unknown}/_stop', expect: NOT_FOUND },
  {
    row: '5.2 never ran',
    request: 'POST /v1/jobs/{job:never}/_stop',
    expect: noExecution('{job:never}'),
  },
  { row: '5.2 unknown job', request: 'POST /v1/jobs/{unknown}/_stop', expect: noExecution('{unknown}') },

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

  workers('add=1', '1 workers have been enqueued'),
  workers('total=1', '1 workers have been remove'),
  workers('total=1', '1 workers have been set'),
  {
    row: '5.6 remove all',
    request: 'POST /v1/ex/{ex:running}/_workers?remove=1',
    expect: { status: 400, message: 'workers to be removed: 1 cannot be >= to current workers: 1' },
  },
  badWorkers(''),
  badWorkers('?add=some'),
  badWorkers('?total=-1'),
  ...inapplicable('5.6 workers', '_workers?add=1'),

  {
    row: '5.7 log level',
    request: 'POST /v1/jobs/{job:running}/_settings?log_level=debug',
    expect: {
      status: 200,
      body: z.strictObject({ exId: z.uuid(), level: z.string() }),
      values: { exId: '{ex:running}', level: 'debug' },
    },
  },
  {
    row: '5.7 wrong level',
    request: 'POST /v1/jobs/{job:running}/_settings?log_level=loud',
    expect: {
      status: 400,
      message: 'Invalid log level "loud", must be one of: trace, debug, info, warn, error, fatal',
    },
  },
  {
    row: '5.7 ended',
    request: 'POST /v1/jobs/{job:completed}/_settings?log_level=info',
    expect: notActive('{ex:completed}'),
  },
];

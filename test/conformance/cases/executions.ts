import type { Case } from '../case.js';
import {
  clusterState,
  clusterStats,
  controller,
  endedExecution,
  exactly,
  execution,
  failure,
  listOf,
  noneOf,
} from '../shapes.js';

const noSlicer = (ex: string) => ({ status: 404, message: `Could not find active slicer for ex_id: ${ex}` });
const noExecution = { status: 404, message: 'No execution was found for job {job:never}' };
/** Slices of the failed execution: as many as the reader's own list has. */
const FAILED_SLICES = 10;

export const EXECUTIONS: Case[] = [
  {
    row: '6 completed',
    request: 'GET /v1/ex/{ex:completed}',
    expect: {
      status: 200,
      body: endedExecution,
      values: {
        job_id: '{job:completed}',
        _status: 'completed',
        _has_errors: false,
        _failureReason: '',
        '_slicer_stats.processed': FAILED_SLICES,
        '_slicer_stats.failed': 0,
        workers: 1,
        slicers: 1,
        max_retries: 3,
        probation_window: 300_000,
        assets: null,
        'operations.0._encoding': 'json',
        'operations.0._dead_letter_action': 'throw',
      },
    },
  },
  {
    row: '6 failed',
    request: 'GET /v1/ex/{ex:failed}',
    expect: {
      status: 200,
      body: endedExecution,
      values: {
        _status: 'failed',
        _has_errors: true,
        _failureReason: `execution: {ex:failed} had ${FAILED_SLICES} slice failures during processing`,
        // Failed ones count as processed.
        '_slicer_stats.processed': FAILED_SLICES,
        '_slicer_stats.failed': FAILED_SLICES,
      },
    },
  },
  {
    row: '6 running: no statistics yet',
    request: 'GET /v1/ex/{ex:running}',
    expect: {
      status: 200,
      body: execution,
      values: { _status: 'running', _slicer_stats: {}, workers: 1 },
    },
  },
  { row: '6 unknown', request: 'GET /v1/ex/{unknown}', expect: { status: 404, message: /./ } },
  {
    row: '6 list',
    request: 'GET /v1/ex?filter=job_id:{job:completed}',
    expect: { status: 200, body: exactly(1, execution), values: { '0.ex_id': '{ex:completed}' } },
  },
  {
    row: '6 list by statuses',
    request: 'GET /v1/ex?status=failed,completed&filter=ex_id:{ex:failed}',
    expect: { status: 200, body: exactly(1, execution) },
  },
  {
    row: '6 list by another status',
    request: 'GET /v1/ex?status=running&filter=ex_id:{ex:failed}',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '6 list by what is no status',
    request: 'GET /v1/ex?status=no_status',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '6 list by statuses, apart',
    request: 'GET /v1/ex?status=failed&status=running&filter=ex_id:{ex:failed}',
    expect: { status: 200, body: exactly(1, execution) },
  },
  {
    row: '6 deleted, empty',
    request: 'GET /v1/ex?deleted=&filter=ex_id:{ex:failed}',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '6 status, empty',
    request: 'GET /v1/ex?status=&filter=ex_id:{ex:failed}',
    expect: { status: 200, body: exactly(1, execution) },
  },
  {
    row: '6 deleted=true',
    request: 'GET /v1/ex?deleted=true&filter=ex_id:{ex:failed}',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '6 deleted=maybe',
    request: 'GET /v1/ex?deleted=maybe',
    expect: { status: 400, message: 'deleted query option must true or false' },
  },
  {
    row: '4.6 latest of a job',
    request: 'GET /v1/jobs/{job:completed}/ex',
    expect: { status: 200, body: endedExecution, values: { ex_id: '{ex:completed}' } },
  },
  { row: '4.6 never ran', request: 'GET /v1/jobs/{job:never}/ex', expect: noExecution },
  {
    row: '4.6 unknown',
    request: 'GET /v1/jobs/{unknown}/ex',
    expect: { status: 404, message: 'No execution was found for job {unknown}' },
  },

  ...['slicer', 'controller'].flatMap((word): Case[] => [
    {
      row: `7.1 ${word} of a job`,
      request: `GET /v1/jobs/{job:running}/${word}`,
      expect: {
        status: 200,
        body: exactly(1, controller),
        values: { '0.ex_id': '{ex:running}', '0.job_id': '{job:running}', '0.slicers': 1 },
      },
    },
    {
      row: `7.1 ${word} of an execution`,
      request: `GET /v1/ex/{ex:running}/${word}`,
      expect: { status: 200, body: exactly(1, controller), values: { '0.workers_joined': 1 } },
    },
    {
      row: `7.1 ${word}, ended`,
      request: `GET /v1/ex/{ex:completed}/${word}`,
      expect: noSlicer('{ex:completed}'),
    },
    {
      row: `7.1 ${word}, ended`,
      request: `GET /v1/jobs/{job:completed}/${word}`,
      expect: noSlicer('{ex:completed}'),
    },
    { row: `7.1 ${word}, unknown`, request: `GET /v1/ex/{unknown}/${word}`, expect: noSlicer('{unknown}') },
    { row: `7.1 ${word}, never ran`, request: `GET /v1/jobs/{job:never}/${word}`, expect: noExecution },
  ]),
  ...['controllers', 'slicers'].map((word): Case => ({
    row: `7.2 ${word}`,
    request: `GET /v1/cluster/${word}`,
    expect: { status: 200, body: listOf(controller).min(1) },
  })),
  { row: '7.3 state', request: 'GET /v1/cluster/state', expect: { status: 200, body: clusterState } },
  { row: '7.4 stats', request: 'GET /v1/cluster/stats', expect: { status: 200, body: clusterStats } },

  {
    row: '7.5 of an execution',
    request: 'GET /v1/ex/{ex:failed}/errors',
    expect: {
      status: 200,
      body: exactly(FAILED_SLICES, failure),
      values: { '0.ex_id': '{ex:failed}' },
    },
  },
  {
    row: '7.5 of a job',
    request: 'GET /v1/jobs/{job:failed}/errors',
    expect: { status: 200, body: exactly(FAILED_SLICES, failure) },
  },
  {
    row: '7.5 paged and sorted',
    request: 'GET /v1/ex/{ex:failed}/errors?size=3&from=2&sort=slicer_order:asc',
    expect: { status: 200, body: exactly(3, failure), values: { '0.slicer_order': 3 } },
  },
  {
    row: '7.5 filtered',
    request: 'GET /v1/ex/{ex:failed}/errors?filter=slicer_order:[3%20TO%204]',
    expect: { status: 200, body: exactly(2, failure) },
  },
  {
    row: '7.5 tried again',
    request: 'GET /v1/ex/{ex:retried}/errors?size=1',
    expect: {
      status: 200,
      body: exactly(1, failure),
      values: { '0.retry_count': 1, '0.ex_id': '{ex:retried}' },
    },
  },
  {
    row: '7.5 never tried again',
    request: 'GET /v1/ex/{ex:failed}/errors?size=1',
    expect: { status: 200, body: exactly(1, failure.omit({ retry_count: true })) },
  },
  {
    row: '7.5 unknown job',
    request: 'GET /v1/jobs/{unknown}/errors',
    expect: { status: 404, message: 'No execution was found for job {unknown}' },
  },
  {
    row: '7.5 without errors',
    request: 'GET /v1/ex/{ex:completed}/errors',
    expect: { status: 200, body: noneOf },
  },
  {
    row: '7.5 unknown execution',
    request: 'GET /v1/ex/{unknown}/errors',
    expect: { status: 200, body: noneOf },
  },
  { row: '7.5 never ran', request: 'GET /v1/jobs/{job:never}/errors', expect: noExecution },
  {
    row: '7.5 of all executions',
    request: 'GET /v1/ex/errors?size=5',
    expect: { status: 200, body: listOf(failure) },
    temposlice: { status: 200, body: exactly(5, failure) },
  },
];

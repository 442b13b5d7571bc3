import { z } from 'zod';
import type { Case } from '../case.js';
import { execution } from '../shapes.js';
import { inapplicable, noExecution, notActive } from './inapplicable.js';

const message = z.strictObject({ message: z.string() });
const workers = (query: string, text: string, situation = 'running'): Case => ({
  row: `5.6 ${query}`,
  request: `POST /v1/jobs/{job:${situation}}/_workers?${query}`,
  expect: {
    status: 200,
    body: message,
    values: { message: `${text} for execution: {ex:${situation}}` },
  },
});
const BAD_WORKERS = {
  status: 400,
  message: 'Must provide a valid worker parameter(add/remove/total) that is a number and greater than zero',
};
const badWorkers = (query: string): Case => ({
  row: '5.6 wrong',
  request: `POST /v1/ex/{ex:running}/_workers${query}`,
  expect: BAD_WORKERS,
});

/** The number of workers of an execution, and its log level. */
export const WORKERS: Case[] = [
  workers('total=1', '1 workers have been remove', 'pair'),
  workers('total=1', '1 workers have been set'),
  ...['1.0', '0x1', '%201'].map((total) => workers(`total=${total}`, '1 workers have been set')),
  {
    row: '5.6 remove all',
    request: 'POST /v1/ex/{ex:running}/_workers?remove=1',
    expect: { status: 400, message: 'workers to be removed: 1 cannot be >= to current workers: 1' },
  },
  {
    row: '5.6 the execution says what its job wanted',
    request: 'GET /v1/ex/{ex:running}',
    expect: { status: 200, body: execution, values: { workers: 1 } },
  },
  // Neither adds nor removes: what Teraslice would do with `add=0` is hard to tell.
  {
    row: '5.6 none',
    request: 'POST /v1/ex/{ex:running}/_workers?remove=0',
    expect: { status: 200, body: message },
    temposlice: BAD_WORKERS,
  },
  {
    row: '5.6 remove more than there are, by total',
    request: 'POST /v1/ex/{ex:running}/_workers?total=0',
    expect: { status: 400, message: 'workers to be removed: 1 cannot be >= to current workers: 1' },
    temposlice: BAD_WORKERS,
  },
  badWorkers(''),
  badWorkers('?add=1&add=1'),
  badWorkers('?remove=-1'),
  badWorkers('?workers=1'),
  badWorkers('?add=some'),
  badWorkers('?total=-1'),
  // Behind all that counts workers: Teraslice counts those that are connected, and this one is only after a while.
  workers('add=1', '1 workers have been enqueued'),
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
  {
    row: '5.7 no level',
    request: 'POST /v1/jobs/{job:running}/_settings',
    expect: {
      status: 400,
      message: 'Invalid log level "undefined", must be one of: trace, debug, info, warn, error, fatal',
    },
  },
  {
    row: '5.7 a wrong level comes first',
    request: 'POST /v1/jobs/{job:completed}/_settings?log_level=INFO',
    expect: {
      status: 400,
      message: 'Invalid log level "INFO", must be one of: trace, debug, info, warn, error, fatal',
    },
  },
  {
    row: '5.7 never ran',
    request: 'POST /v1/jobs/{job:never}/_settings?log_level=info',
    expect: noExecution('{job:never}'),
  },
];

import type { Case } from '../case.js';
import { exactly, execution, job, noneOf } from '../shapes.js';

/** Wrong in a way that Teraslice answers with 500; the message is the same. */
const wrong = (request: string, message: string): Case => ({
  row: '1.3 wrong parameter',
  request,
  expect: { status: 500, message },
  temposlice: { status: 400, message },
});

export const LISTS: Case[] = [
  { row: '1.3 size', request: 'GET /v1/jobs?size=1', expect: { status: 200, body: exactly(1, job) } },
  {
    row: '1.3 size with decimals',
    request: 'GET /v1/jobs?size=1.9',
    expect: { status: 200, body: exactly(1, job) },
  },
  {
    row: '1.3 size, empty',
    request: 'GET /v1/jobs?size=&filter=job_id:{job:never}',
    expect: { status: 200, body: exactly(1, job) },
  },
  {
    row: '1.3 from',
    request: 'GET /v1/jobs?from=1&filter=job_id:{job:never}',
    expect: { status: 200, body: noneOf },
  },
  wrong('GET /v1/jobs?size=many', 'size parameter must be a integer, got many'),
  wrong('GET /v1/ex?from=x', 'from parameter must be a integer, got x'),
  wrong(
    'GET /v1/jobs?sort=name:asc&sort=name:desc',
    'sort parameter must be a string, got name:asc,name:desc',
  ),
  {
    row: '1.3 sort, ascending',
    request: 'GET /v1/jobs?sort=_created:asc&filter=job_id:({job:never}%20OR%20{job:completed})&active=true',
    expect: { status: 200, body: exactly(2, job) },
  },
  {
    row: '1.3 filter with AND and NOT',
    request:
      'GET /v1/ex?filter=_status:completed%20AND%20NOT%20job_id:{job:failed}%20AND%20ex_id:{ex:completed}',
    expect: { status: 200, body: exactly(1, execution), values: { '0.ex_id': '{ex:completed}' } },
  },
  {
    row: '1.3 filter by range',
    request: 'GET /v1/ex?filter=ex_id:{ex:completed}%20AND%20workers:[1%20TO%205]',
    expect: { status: 200, body: exactly(1, execution) },
  },
  {
    row: '1.3 filter by wildcard',
    request: 'GET /v1/ex?filter=ex_id:{ex:completed}%20AND%20_status:comp*',
    expect: { status: 200, body: exactly(1, execution) },
  },
];

import type { Case } from '../case.js';
import { exactly, execution, job, listOf, noneOf } from '../shapes.js';

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
  ...['1,000', '1_000', '1e3', '0x10', '%205'].map((size): Case => ({
    row: '1.3 size, otherwise written',
    request: `GET /v1/jobs?size=${size}&filter=job_id:{job:never}`,
    expect: { status: 200, body: exactly(1, job) },
  })),
  wrong('GET /v1/ex?size=%20', 'size parameter must be a integer, got'),
  wrong('GET /v1/jobs?from=1,,0', 'from parameter must be a integer, got 1,,0'),
  {
    row: '1.3 what is wrong with deleted comes first',
    request: 'GET /v1/jobs?size=many&deleted=maybe',
    expect: { status: 400, message: 'deleted query option must true or false' },
  },
  {
    row: '1.3 sort in no direction',
    request: 'GET /v1/jobs?sort=_created:DESC&size=1',
    expect: { status: 200, body: exactly(1, job) },
    temposlice: { status: 400, message: /^cannot sort by "_created:DESC"/ },
  },
  wrong('GET /v1/jobs?size=many', 'size parameter must be a integer, got many'),
  wrong('GET /v1/ex?from=x', 'from parameter must be a integer, got x'),
  wrong(
    'GET /v1/jobs?sort=name:asc&sort=name:desc',
    'sort parameter must be a string, got name:asc,name:desc',
  ),
  wrong('GET /v1/ex/errors?size=many', 'size parameter must be a integer, got many'),
  wrong('GET /v1/jobs/{job:failed}/errors?from=x', 'from parameter must be a integer, got x'),
  wrong('GET /v1/assets?size=many', 'size parameter must be a integer, got many'),
  wrong('GET /txt/jobs?size=many', 'size parameter must be a integer, got many'),
  wrong('GET /v1/jobs?size=1&size=2', 'size parameter must be a integer, got 1,2'),
  {
    row: '1.3 wrong parameter of a table that is not searched for',
    request: 'GET /txt/workers?size=many',
    expect: { status: 200, text: /^assignment [^\n]*\n-[^\n]*\n *\n$/ },
    temposlice: { status: 400, message: 'size parameter must be a integer, got many' },
  },
  ...['size=-1', 'size=10001', 'from=-1', 'sort=nothing:asc'].map((query): Case => ({
    row: '1.3 refused by the store',
    request: `GET /v1/jobs?${query}`,
    expect: { status: 400, message: /./ },
  })),
  {
    row: '1.3 more than 10,000 in all',
    request: 'GET /v1/jobs?size=10000&from=1',
    expect: { status: 400, message: /./ },
    temposlice: { status: 200, body: listOf(job) },
  },
  { row: '1.3 size 0', request: 'GET /v1/jobs?size=0', expect: { status: 200, body: noneOf } },
  {
    row: '1.3 sort by words',
    request: 'GET /v1/jobs?sort=name:asc',
    expect: { status: 400, message: /./ },
    temposlice: { status: 200, body: listOf(job) },
  },
  {
    row: '1.3 sort, empty',
    request: 'GET /v1/ex?sort=&filter=ex_id:{ex:completed}',
    expect: { status: 200, body: exactly(1, execution) },
  },
  ...[
    ['_created:asc', '{ex:completed}'],
    ['_created', '{ex:completed}'],
    ['_created:desc', '{ex:failed}'],
  ].map(([sort, first]): Case => ({
    row: '1.3 sort',
    request: `GET /v1/ex?sort=${sort}&filter=ex_id:({ex:completed}%20OR%20{ex:failed})`,
    expect: { status: 200, body: exactly(2, execution), values: { '0.ex_id': first } },
  })),
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
  {
    row: '1.3 filter by words',
    request: 'GET /v1/ex?filter=ex_id:{ex:failed}%20AND%20_failureReason:%22slice%20failures%22',
    expect: { status: 200, body: exactly(1, execution) },
  },
  {
    row: '1.3 filter by time',
    request: 'GET /v1/ex?filter=ex_id:{ex:completed}%20AND%20_created:[now-1d%20TO%20now]',
    expect: { status: 200, body: exactly(1, execution) },
  },
  {
    row: '1.3 filter by an unknown field',
    request: 'GET /v1/jobs?filter=no_such_field:1',
    expect: { status: 200, body: noneOf },
    temposlice: { status: 400, message: /^cannot read the filter at character 1 / },
  },
  {
    row: '1.3 filter that is none',
    request: 'GET /v1/jobs?filter=job_id:(',
    expect: { status: 400, message: /./ },
  },
  {
    row: '1.3 filter, empty',
    request: 'GET /v1/jobs?filter=&size=1',
    expect: { status: 200, body: exactly(1, job) },
  },
  {
    row: '1.3 the rest of a filter holds, too',
    request: 'GET /v1/jobs?filter=job_id:{job:deleted}%20OR%20job_id:{job:never}',
    expect: { status: 200, body: exactly(1, job), values: { '0.job_id': '{job:never}' } },
  },
];

import { z } from 'zod';
import type { Case } from '../case.js';
import { endedExecution, jobAsPosted, registered } from '../shapes.js';
import { CONFIGURED, ONCE } from '../world.js';

/** Valid, and more than OpenSearch has room for. */
const withoutRoom = (values: object): Case => ({
  row: `J1 valid, but not for OpenSearch: ${JSON.stringify(values)}`,
  request: 'POST /v1/jobs?start=false',
  send: { json: { name: 'conformance-{run}-without-room', ...ONCE, ...values } },
  expect: {
    status: 400,
    message: /^Failure to create job, caused by TSError: OpenSearch Error: Mapper Parsing: /,
  },
  temposlice: { status: 200, body: registered },
});

/** What is made of a job when it runs: defaults and conversions are in the execution, the job stays as it was. */
export const CONFIGURATION: Case[] = [
  {
    row: 'J1 defaults',
    request: 'GET /v1/ex/{ex:bare}',
    expect: {
      status: 200,
      body: endedExecution.extend({ workers: z.int().min(1).max(5) }),
      values: {
        name: 'Custom Job',
        active: true,
        analytics: true,
        assets: null,
        autorecover: false,
        lifecycle: 'once',
        max_retries: 3,
        apis: [],
        probation_window: 300_000,
        slicers: 1,
        stateful: false,
        labels: null,
        env_vars: {},
        log_level: null,
        relocatable: false,
        operations: [
          {
            _op: 'test-reader',
            _encoding: 'json',
            _dead_letter_action: 'throw',
            fetcher_data_file_path: null,
            slicer_data_file_path: null,
            passthrough_slice: false,
          },
          { _op: 'noop', _encoding: 'json', _dead_letter_action: 'throw' },
        ],
      },
    },
  },
  {
    row: 'J1 defaults are not in the job',
    request: 'GET /v1/jobs/{job:bare}',
    expect: { status: 200, body: jobAsPosted('operations') },
  },
  {
    row: 'J1 conversions',
    request: 'GET /v1/ex/{ex:configured}',
    expect: {
      status: 200,
      // Properties that nobody knows are kept, in the job and in its operations.
      body: endedExecution.extend({ of_my_own: z.object({ a: z.array(z.null()) }), cpu: z.string() }),
      values: {
        active: false,
        analytics: false,
        stateful: true,
        workers: 1,
        slicers: 1,
        max_retries: 0,
        probation_window: 120_000,
        labels: { team: 'conformance' },
        env_vars: { A: 'b', B: 1 },
        log_level: 'warn',
        cpu: '0.5',
        of_my_own: { a: [null] },
        'operations.1._encoding': 'raw',
        'operations.1._dead_letter_action': 'none',
        'operations.1.ms': 1_000,
        'operations.1.note': 'kept',
        'operations.1._connection': null,
        'operations.1.connection': 'an option like any other',
      },
    },
  },
  {
    row: 'J1 conversions are not in the job',
    request: 'GET /v1/jobs/{job:configured}',
    expect: {
      status: 200,
      body: jobAsPosted('name', ...Object.keys(CONFIGURED)),
      values: CONFIGURED,
    },
  },
  ...[{ analytics: 0 }, { stateful: '1' }, { probation_window: '2 minutes' }, { cpu: 'many' }].map(
    withoutRoom,
  ),
];

import type { Case, Expectation } from '../case.js';

export const noExecution = (job: string): Expectation => ({
  status: 404,
  message: `No execution was found for job ${job}`,
});
export const notActive = (ex: string): Expectation => ({
  status: 404,
  message: `no active execution context was found for ex_id: ${ex}`,
});

/** Answers that an execution which has ended, was never there or never ran has for a verb. */
export const inapplicable = (row: string, verb: string): Case[] => [
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
  {
    row: `${row} unknown job`,
    request: `POST /v1/jobs/{unknown}/${verb}`,
    expect: noExecution('{unknown}'),
  },
];

import type { Case } from '../case.js';
import { registered, submitted } from '../shapes.js';
import { ONCE } from '../world.js';

const NAMED = { name: 'conformance-{run}-posted', ...ONCE };

export const SUBMIT: Case[] = [
  {
    row: '4.1 submit',
    request: 'POST /v1/jobs',
    send: { json: NAMED },
    expect: { status: 200, body: submitted },
  },
  {
    row: '4.1 submit with the form type',
    request: 'POST /v1/jobs?start=false',
    send: { json: NAMED, type: 'application/x-www-form-urlencoded' },
    expect: { status: 200, body: registered },
  },
  {
    row: '4.1 submit, start=false',
    request: 'POST /v1/jobs?start=false',
    send: { json: NAMED },
    expect: { status: 200, body: registered },
  },
  {
    row: '4.1 start=no is no "false"',
    request: 'POST /v1/jobs?start=no',
    send: { json: NAMED },
    expect: { status: 200, body: submitted },
  },
  {
    row: '4.1 unknown properties',
    request: 'POST /v1/jobs?start=false',
    send: { json: { ...NAMED, of_my_own: { a: 1 } } },
    expect: { status: 200, body: registered },
  },
  {
    row: '4.1 no operations',
    request: 'POST /v1/jobs',
    send: { json: { name: 'x' } },
    expect: { status: 400, message: 'No job was posted' },
  },
  {
    row: '4.1 an array',
    request: 'POST /v1/jobs',
    send: { json: [] },
    expect: { status: 400, message: 'No job was posted' },
  },
  {
    row: '4.1 with a job_id',
    request: 'POST /v1/jobs',
    send: { json: { ...NAMED, job_id: '{unknown}' } },
    expect: { status: 422, message: 'Job cannot include a job_id on submit' },
  },
  {
    row: '4.1 operations that are none',
    request: 'POST /v1/jobs',
    send: { json: { name: 'x', operations: null } },
    expect: { status: 400, message: 'No job was posted' },
  },
  ...['', null].map((job_id): Case => ({
    row: '4.1 with a job_id that is none',
    request: 'POST /v1/jobs?start=false',
    send: { json: { ...NAMED, job_id } },
    expect: { status: 200, body: registered },
  })),
  {
    row: '4.1 an empty start is no "false"',
    request: 'POST /v1/jobs?start=',
    send: { json: NAMED },
    expect: { status: 200, body: submitted },
  },
];

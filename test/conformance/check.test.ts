import { expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Expectation } from './case.js';
import { compare } from './check.js';
import { reportOf } from './report.js';

const answer = (status: number, json: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
  text: JSON.stringify(json),
  json,
});

it.each<[string, unknown, Expectation, string[]]>([
  ['what is expected', { a: 1 }, { status: 200, values: { a: 1 }, text: /a/ }, []],
  ['another status', { a: 1 }, { status: 400 }, ['status 200 instead of 400: {"a":1}']],
  [
    'another type',
    { list: [{ a: '1' }] },
    { status: 200, body: z.object({ list: z.array(z.object({ a: z.number() })) }) },
    ['list.0.a: Invalid input: expected number, received string'],
  ],
  ['another value', { a: { b: [1] } }, { status: 200, values: { 'a.b.0': 2 } }, ['a.b.0 is 1, not 2']],
  ['no such value', null, { status: 200, values: { 'a.b': 2 } }, ['a.b is undefined, not 2']],
  ['another text', 'x', { status: 200, text: /y/ }, [`text is not /y/: "\\"x\\""`]],
  ['a header', {}, { status: 200, headers: { allow: /^GET/ } }, ['header allow is "PUT", not /^GET/']],
  ['an error as expected', { error: 200, message: 'no' }, { status: 200, message: /^n/ }, []],
  [
    'an error of another kind',
    { error: 'x', message: 'no', more: 1 },
    { status: 200, message: 'yes' },
    ['the error has a key more', 'error is "x", not 200', 'message is "no", not yes'],
  ],
])('sees %s', (_name, json, expected, found) => {
  expect(compare(answer(200, json, { allow: 'PUT' }), expected)).toEqual(found);
});

it('reports each case, and the sums', () => {
  const one = { row: '1 x', request: 'GET /', expect: { status: 200 } };
  const results = [
    { case: one, differences: [] },
    { case: { ...one, temposlice: { status: 201 } }, differences: [] },
    { case: { ...one, row: '10 long' }, differences: ['status 500'] },
  ];
  expect(reportOf(results, 'temposlice').split('\n')).toEqual([
    '1 x      GET /  ok',
    '1 x      GET /  ok (deviates from Teraslice)',
    '10 long  GET /  DIFFERS',
    '    status 500',
    '',
    '3 cases as of temposlice: 2 ok, 1 of all deviate from Teraslice on purpose, 1 differ',
  ]);
  expect(reportOf(results, 'teraslice')).not.toContain('deviate');
});

import { expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Expectation } from './case.js';
import { compare } from './check.js';
import { CASES } from './cases/index.js';
import { reportOf } from './report.js';
import { sectionOf, SECTIONS } from './sections.js';

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

it('reports each case, what differs, and the sums of sections', () => {
  const one = { row: '1 x', request: 'GET /', expect: { status: 200 } };
  const results = [
    { case: one, differences: [] },
    { case: { ...one, temposlice: { status: 201 } }, differences: [] },
    { case: { ...one, temposlice: { status: 200 } }, differences: [] },
    { case: { ...one, row: '10 long' }, differences: ['status 500', 'and a header'] },
  ];
  expect(reportOf(results, 'temposlice').split('\n')).toEqual([
    '1 x      GET /  ok',
    '1 x      GET /  ok, on purpose: Teraslice answers 200',
    '1 x      GET /  ok, on purpose: Teraslice answers otherwise',
    '10 long  GET /  DIFFERS',
    '',
    '10 long  GET /',
    '    status 500',
    '    and a header',
    '',
    'section                           cases  ok  on purpose  differ',
    '1        Routing and wire format      3   3           2       0',
    '10       Tables                       1   0           0       1',
    'all      as of temposlice             4   3           2       1',
  ]);
  expect(reportOf(results, 'teraslice')).not.toContain('on purpose');
  expect(reportOf([], 'teraslice')).toMatch(/^section/);
});

it('knows the section of every case', () => {
  const sections = CASES.map(({ row }) => sectionOf(row));
  expect(sections.filter((section) => !SECTIONS.has(section))).toEqual([]);
});

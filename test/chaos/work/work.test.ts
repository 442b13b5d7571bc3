import { expect, it } from '@jest/globals';
import { compare } from './work.js';

it('says nothing of an output that is as expected, in whatever order', () => {
  expect(compare(['a', 'b', 'c'], ['c', 'a', 'b'])).toEqual([]);
});

it('names what is missing, what must not be there and what is there twice', () => {
  expect(compare(['a', 'b', 'c'], ['b', 'b', 'x', 'c'])).toEqual([
    '1 records missing in the output: a',
    '1 records in the output and not expected: x',
    '1 records more than once in the output: b',
  ]);
});

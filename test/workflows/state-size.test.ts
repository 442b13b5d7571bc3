import { bytesOf, bytesOfEvent, jsonBytes } from '../../src/workflows/state-size.js';
import type { SliceEvent, SliceTuple } from '../../src/workflows/types.js';

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

it.each([
  ['plain text', 'x'.repeat(100)],
  ['JSON', JSON.stringify({ ids: ['a', 'b'], path: 'c:\\d' })],
  ['two bytes a character', 'äöü'.repeat(10)],
  ['three bytes a character', '数据'.repeat(10)],
])('knows the bytes of %s', (_what, text) => {
  expect(jsonBytes(text)).toBe(sizeOf(text));
});

it.each(['😀'.repeat(10), '\u0000\n\t'.repeat(10)])('takes no string for shorter than it is', (text) => {
  expect(jsonBytes(text)).toBeGreaterThanOrEqual(sizeOf(text));
});

it.each<SliceTuple>([
  [0, 1, '{}'],
  [9_999, 9_999_999_999, JSON.stringify({ n: 1 })],
  [0, 1, '{}', '0d7f0000-0000-4000-8000-000000000000'],
])('takes no slice, and nothing told of one, for smaller than it is', (...slice) => {
  expect(bytesOf(slice)).toBeGreaterThanOrEqual(sizeOf(slice));
  expect(bytesOf(slice)).toBeLessThan(sizeOf(slice) + 30);
  const events: SliceEvent[] = [
    ['dispatch', slice],
    ['complete', slice, 'an error'],
  ];
  for (const event of events) expect(bytesOfEvent(event)).toBeGreaterThanOrEqual(sizeOf(event));
});

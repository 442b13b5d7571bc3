import { createHash } from 'node:crypto';
import { sliceId } from '../../src/workflows/slice-id.js';

const EX = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

/** UUID version 5 by its definition (RFC 9562, section 5.5). */
function versionFive(name: string, namespace: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

it('is the UUID version 5 of slicer and order in the namespace of the execution', () => {
  // Of a published example, so that the check itself is checked.
  expect(versionFive('www.example.com', EX)).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  expect(sliceId(EX, [0, 1, '{}'])).toBe(versionFive('0:1', EX));
  expect(sliceId(EX, [3, 12, '{}'])).toBe(versionFive('3:12', EX));
});

it('depends on execution, slicer and order, and not on the request', () => {
  expect(sliceId(EX, [0, 1, '{"a":1}'])).toBe(sliceId(EX, [0, 1, '{}']));
  const ids = [
    sliceId(EX, [0, 1, '']),
    sliceId(EX, [1, 0, '']),
    sliceId(EX, [0, 11, '']),
    sliceId(EX, [0, 2, '']),
  ];
  ids.push(sliceId('6ba7b811-9dad-11d1-80b4-00c04fd430c8', [0, 1, '']));
  expect(new Set(ids).size).toBe(5);
});

it('is the one that the slicer gave, if it gave one', () => {
  expect(sliceId(EX, [0, 1, '{}', 'my-slice'])).toBe('my-slice');
});

import { isUtf8 } from 'node:buffer';

const REPLACEMENT_CHARACTER = '\uFFFD';
const SPACE = 0x20;

/** @throws Error if the bytes are not UTF-8: decoding would replace what cannot be decoded, unnoticed */
export function decode(data: Buffer): string {
  const text = data.toString('utf8');
  if (text.includes(REPLACEMENT_CHARACTER) && !isUtf8(data)) throw new Error('the record is not valid UTF-8');
  return text;
}

/** Whether there is nothing but white space. */
export function isBlank(data: Buffer): boolean {
  return (data[0] ?? 0) <= SPACE && data.toString('latin1').trim() === '';
}

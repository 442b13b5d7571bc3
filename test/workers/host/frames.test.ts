import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameReader, writeFrame } from '../../../src/workers/host/frames.js';
import type { FromHost } from '../../../src/workers/host/protocol.js';

const MESSAGES: FromHost[] = [
  { type: 'ready' },
  { type: 'getMetadata', call: 1 },
  // Bytes of a length, in a text, and characters of several bytes.
  { type: 'failed', failure: { i: 2, error: '\u0000\u0000 “naïve” 🦊', retries: 1 } },
  { type: 'getMetadata', call: 2 },
  { type: 'leaseEnded', ms: 1.5, records: [3, 2], times: [0.1, 7] },
  { type: 'flushed' },
];

/** What the frames of these messages are on the pipe. */
function bytesOf(messages: FromHost[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'temposlice-frames-'));
  const path = join(folder, 'pipe');
  try {
    const fd = openSync(path, 'w');
    for (const message of messages) writeFrame(fd, message);
    closeSync(fd);
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(chunks: Buffer[]): FromHost[] {
  const messages: FromHost[] = [];
  const reader = new FrameReader((message) => messages.push(message));
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

it('is read as it was written, wherever the chunks are cut', () => {
  const bytes = bytesOf(MESSAGES);
  expect(read([bytes])).toEqual(MESSAGES);
  for (let at = 0; at <= bytes.length; at++) {
    expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(MESSAGES);
  }
  expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(MESSAGES);
});

it('gives no frame that was cut short', () => {
  const bytes = bytesOf(MESSAGES);
  let whole = 0;
  for (let at = 0; at < bytes.length; at++) {
    const messages = read([bytes.subarray(0, at)]);
    expect(messages).toEqual(MESSAGES.slice(0, messages.length));
    expect(messages.length - whole).toBeLessThanOrEqual(1);
    whole = messages.length;
  }
  expect(whole).toBe(MESSAGES.length - 1);
});

it('carries a message of megabytes', () => {
  const error = 'é'.repeat(3_000_000);
  const large: FromHost[] = [{ type: 'failed', failure: { i: 0, error, retries: 0 } }, { type: 'ready' }];
  const bytes = bytesOf(large);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 65_535) chunks.push(bytes.subarray(at, at + 65_535));
  expect(read(chunks)).toEqual(large);
});

import { writeSync } from 'node:fs';
import type { FromHost } from './protocol.js';

/**
 * Frames on the pipe from a host to its node: a byte for the type, and for all but the commonest one four
 * bytes of length (big endian) and JSON. A completed slice is a single byte, as there may be 20,000 a second.
 */
const COMPLETED = 0x43;
const JSON_FRAME = 0x4a;
const HEADER = 5;
const COMPLETED_FRAME = Buffer.from([COMPLETED]);

const idle = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of it before it returns, whatever the pipe's mode is. */
function writeAll(fd: number, data: Buffer): void {
  for (let written = 0; written < data.length;) {
    try {
      written += writeSync(fd, data, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(idle, 0, 0, 1);
    }
  }
}

/** Writes one frame synchronously. @throws EPIPE when the node is gone */
export function writeFrame(fd: number, message: FromHost): void {
  if (message.type === 'completed') {
    writeAll(fd, COMPLETED_FRAME);
    return;
  }
  const body = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafe(HEADER + body.length);
  frame[0] = JSON_FRAME;
  frame.writeUInt32BE(body.length, 1);
  body.copy(frame, HEADER);
  writeAll(fd, frame);
}

const COMPLETED_MESSAGE: FromHost = { type: 'completed' };

/** Takes a pipe's chunks and gives its frames, in order. A frame cut short by the end is not given. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly onMessage: (message: FromHost) => void) {}

  push(chunk: Buffer): void {
    const data = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    let at = 0;
    while (at < data.length) {
      if (data[at] === COMPLETED) {
        at++;
        this.onMessage(COMPLETED_MESSAGE);
        continue;
      }
      if (data.length - at < HEADER) break;
      const end = at + HEADER + data.readUInt32BE(at + 1);
      if (data.length < end) break;
      this.onMessage(JSON.parse(data.toString('utf8', at + HEADER, end)) as FromHost);
      at = end;
    }
    this.rest = data.subarray(at);
  }
}

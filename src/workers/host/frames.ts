import { writeSync } from 'node:fs';
import type { FromHost } from './protocol.js';

/** Frames on the pipe from a host to its node: four bytes of length (big endian), and JSON. */
const HEADER = 4;

const idle = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes one frame, all of it before it returns, whatever the pipe's mode is.
 * @throws EPIPE when the node is gone
 */
export function writeFrame(fd: number, message: FromHost): void {
  const body = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafe(HEADER + body.length);
  frame.writeUInt32BE(body.length);
  body.copy(frame, HEADER);
  for (let written = 0; written < frame.length;) {
    try {
      written += writeSync(fd, frame, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(idle, 0, 0, 1);
    }
  }
}

/** Takes a pipe's chunks and gives its frames, in order. A frame cut short by the end is not given. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly onMessage: (message: FromHost) => void) {}

  push(chunk: Buffer): void {
    const data = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    let at = 0;
    while (data.length - at >= HEADER) {
      const end = at + HEADER + data.readUInt32BE(at);
      if (data.length < end) break;
      this.onMessage(JSON.parse(data.toString('utf8', at + HEADER, end)) as FromHost);
      at = end;
    }
    this.rest = data.subarray(at);
  }
}

import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { PassThrough } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isCompressed } from './interfaces.js';
import type { FileReaderConfig, FileSlice } from './interfaces.js';

/** Largest block, bytes. */
const BLOCK_BYTES = 1024 * 1024;
/** Smallest read, bytes: what lies past the end of a slice is read in such pieces until its last record ends. */
const LOOKAHEAD_BYTES = 16 * 1024;

export const NEWLINE = 0x0a;

/** A piece of a file and where it lies. */
export interface Block {
  offset: number;
  data: Buffer;
}

async function* bytesFrom(
  handle: FileHandle,
  from: number,
  end: number,
  total: number,
): AsyncGenerator<Block> {
  let offset = from;
  while (offset < total) {
    const wanted = Math.min(BLOCK_BYTES, total - offset, Math.max(LOOKAHEAD_BYTES, end - offset));
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, offset);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${offset}; it had ${total} when it was cut`);
    yield { offset, data: buffer.subarray(0, bytesRead) };
    offset += bytesRead;
  }
}

/**
 * What the records that begin inside of the slice consist of. It begins behind the first line feed from the byte
 * before the slice on: only if that byte is a line feed does a record begin with the slice's first byte. It ends at
 * the first line feed from the slice's last byte on.
 */
async function* cutBlocks({ path, offset, length, total }: FileSlice): AsyncGenerator<Block> {
  const end = offset + length;
  let begun = offset === 0;
  const handle = await open(path, 'r');
  try {
    for await (const block of bytesFrom(handle, Math.max(0, offset - 1), end, total)) {
      const { offset: at, data } = block;
      const reachesEnd = end < total && at + data.length >= end;
      const start = begun ? 0 : data.indexOf(NEWLINE) + 1;
      const stop = reachesEnd ? data.indexOf(NEWLINE, Math.max(0, end - 1 - at)) : -1;
      begun ||= start > 0;
      if (begun && stop === -1) yield { offset: at + start, data: data.subarray(start) };
      if (begun && stop >= start) yield { offset: at + start, data: data.subarray(start, stop) };
      if (stop !== -1 || (reachesEnd && !begun)) return;
    }
  } finally {
    await handle.close();
  }
}

async function* decompressedBlocks(path: string): AsyncGenerator<Block> {
  const output = new PassThrough({ highWaterMark: BLOCK_BYTES });
  const ended = pipeline(createReadStream(path), createGunzip({ chunkSize: BLOCK_BYTES }), output);
  // whoever reads `output` gets the error; this keeps it from being reported as unhandled as well
  ended.catch(() => undefined);
  let offset = 0;
  try {
    for await (const data of output as AsyncIterable<Buffer>) {
      yield { offset, data };
      offset += data.length;
    }
  } finally {
    output.destroy();
  }
}

/**
 * The blocks that hold the records of a slice and nothing else, at most 1 MiB each. The line feed behind the last
 * record may be missing.
 *
 * @throws Error if the file cannot be read, decompressed, or is shorter than when it was cut
 */
export function readBlocks(slice: FileSlice, config: FileReaderConfig): AsyncGenerator<Block> {
  return isCompressed(config, slice.path) ? decompressedBlocks(slice.path) : cutBlocks(slice);
}

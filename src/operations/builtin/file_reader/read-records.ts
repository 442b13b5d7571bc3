import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { PassThrough } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { delimiterOf } from '../_shared/formats.js';
import { isCompressed } from './interfaces.js';
import type { FileReaderConfig, FileSlice } from './interfaces.js';
import { RecordSplitter } from './record-splitter.js';
import type { RawRecord } from './record-splitter.js';

/** Largest read, bytes. */
const BLOCK_BYTES = 1024 * 1024;
/** Smallest read, bytes: what lies past the end of a slice is read in such pieces until its last record ends. */
const LOOKAHEAD_BYTES = 16 * 1024;

async function* blocksOf(
  handle: FileHandle,
  from: number,
  end: number,
  total: number,
): AsyncGenerator<Buffer> {
  let position = from;
  while (position < total) {
    const wanted = Math.min(BLOCK_BYTES, total - position, Math.max(LOOKAHEAD_BYTES, end - position));
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
    if (bytesRead === 0)
      throw new Error(`the file ends at byte ${position}; it had ${total} when it was cut`);
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * The records that begin inside of the slice. Reading starts one byte early: only if that is a line feed does a
 * record begin with the slice's first byte. It ends where the last record that began inside ends.
 */
async function* cutRecords(
  { path, offset, length, total }: FileSlice,
  delimiter?: string,
): AsyncGenerator<RawRecord[]> {
  const end = offset + length;
  const from = Math.max(0, offset - 1);
  const isInside = (record: RawRecord): boolean => record.offset >= offset && record.offset < end;
  const splitter = new RecordSplitter(from, delimiter);
  const handle = await open(path, 'r');
  try {
    let position = from;
    for await (const block of blocksOf(handle, from, end, total)) {
      yield splitter.push(block).filter(isInside);
      position += block.length;
      // beyond the slice, only a record that began inside is worth reading on for
      if (position >= end && (splitter.recordStart >= end || splitter.recordStart < offset)) return;
    }
    yield splitter.end().filter(isInside);
  } finally {
    await handle.close();
  }
}

async function* decompressedRecords(path: string, delimiter?: string): AsyncGenerator<RawRecord[]> {
  const splitter = new RecordSplitter(0, delimiter);
  const output = new PassThrough({ highWaterMark: BLOCK_BYTES });
  const ended = pipeline(createReadStream(path), createGunzip({ chunkSize: BLOCK_BYTES }), output);
  // whoever reads `output` gets the error; this keeps it from being reported as unhandled as well
  ended.catch(() => undefined);
  try {
    for await (const block of output) yield splitter.push(block as Buffer);
    yield splitter.end();
  } finally {
    output.destroy();
  }
}

/**
 * Reads a slice, batch by batch; memory is bounded by a batch (1 MiB) and the longest record.
 *
 * @throws Error that names the file, if it cannot be read, decompressed, or is shorter than when it was cut
 */
export async function* readRecords(slice: FileSlice, config: FileReaderConfig): AsyncGenerator<RawRecord[]> {
  const mayQuoteNewlines = config.format !== 'ldjson' && config.quoted_newlines;
  const delimiter = mayQuoteNewlines ? delimiterOf(config.format, config.field_delimiter) : undefined;
  try {
    yield* isCompressed(config, slice.path)
      ? decompressedRecords(slice.path, delimiter)
      : cutRecords(slice, delimiter);
  } catch (error) {
    throw new Error(`file_reader cannot read ${slice.path}: ${(error as Error).message}`, { cause: error });
  }
}

import { delimiterOf } from '../_shared/formats.js';
import type { FileReaderConfig, FileSlice } from './interfaces.js';
import { NEWLINE, readBlocks } from './read-blocks.js';
import type { Block } from './read-blocks.js';
import { checkLength, RecordSplitter } from './record-splitter.js';
import type { RawRecord } from './record-splitter.js';

async function* splitRecords(slice: FileSlice, config: FileReaderConfig): AsyncGenerator<RawRecord[]> {
  const mayQuoteNewlines = config.format !== 'ldjson' && config.quoted_newlines;
  const delimiter = mayQuoteNewlines ? delimiterOf(config.format, config.field_delimiter) : undefined;
  let splitter: RecordSplitter | undefined;
  for await (const { offset, data } of readBlocks(slice, config)) {
    splitter ??= new RecordSplitter(offset, delimiter);
    yield splitter.push(data);
  }
  if (splitter) yield splitter.end();
}

async function* joinLines(slice: FileSlice, config: FileReaderConfig): AsyncGenerator<Block> {
  let start = 0;
  let parts: Buffer[] = [];
  for await (const { offset, data } of readBlocks(slice, config)) {
    if (parts.length === 0) start = offset;
    const last = data.lastIndexOf(NEWLINE);
    if (last !== -1) {
      yield { offset: start, data: Buffer.concat([...parts, data.subarray(0, last)]) };
      start = offset + last + 1;
      parts = [];
    }
    parts.push(data.subarray(last + 1));
    checkLength(start, offset + data.length);
  }
  yield { offset: start, data: Buffer.concat(parts) };
}

async function* nameFile<T>(path: string, source: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* source;
  } catch (error) {
    throw new Error(`file_reader cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Reads the records of a slice, batch by batch; memory is bounded by a batch (1 MiB) and the longest record.
 *
 * @throws Error that names the file, if it cannot be read, decompressed, or is shorter than when it was cut
 */
export function readRecords(slice: FileSlice, config: FileReaderConfig): AsyncGenerator<RawRecord[]> {
  return nameFile(slice.path, splitRecords(slice, config));
}

/** The same records, each a line, as text that need not be cut yet: many lines without the last line feed. */
export function readLines(slice: FileSlice, config: FileReaderConfig): AsyncGenerator<Block> {
  return nameFile(slice.path, joinLines(slice, config));
}

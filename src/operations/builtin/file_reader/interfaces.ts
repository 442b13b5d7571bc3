import type { OpConfig } from '#job-components';
import type { Format } from '../_shared/formats.js';
import type { RawRecord } from './record-splitter.js';

export interface FileReaderConfig extends OpConfig {
  /** A file, a directory (read with all that is below it) or a glob, on every node. */
  path: string;
  format: Format;
  /** Bytes a slice. */
  size: number;
  /** `auto`: gzip for names that end in `.gz`. */
  compression: 'auto' | 'none' | 'gzip';
  /** true: a file is never cut. */
  file_per_slice: boolean;
  /** Delimited formats: whether a quoted field may hold a line break. If so, a file is never cut. */
  quoted_newlines: boolean;
  /** Delimited formats: names of all fields, in order. Empty: the first line of each file has them. */
  fields: string[];
  /** With `fields`: whether a first line that repeats them is dropped. */
  remove_header: boolean;
  /** `csv`: one ASCII character. */
  field_delimiter: string;
  /** Delimited formats: whether empty fields are left out of a record. */
  ignore_empty: boolean;
}

/**
 * The records that begin at `offset` … `offset + length - 1` of the file. All numbers are bytes of the file as
 * it lies on disk; a compressed file is always one slice.
 */
export interface FileSlice {
  path: string;
  offset: number;
  length: number;
  /** Size of the file when it was cut. */
  total: number;
}

/** Where one of the files in a slice cannot be cut: its decompressed or quoted contents have no cheap boundaries. */
export function isCuttable(config: FileReaderConfig, path: string): boolean {
  if (config.file_per_slice || isCompressed(config, path)) return false;
  return config.format === 'ldjson' || !config.quoted_newlines;
}

export function isCompressed({ compression }: FileReaderConfig, path: string): boolean {
  return compression === 'gzip' || (compression === 'auto' && path.toLowerCase().endsWith('.gz'));
}

export type ParsedRecord = Record<string, unknown>;

/** Called for a record that cannot be parsed: throws, or returns and the record is left out. */
export type Reject = (record: RawRecord, reason: Error) => void;

export interface RecordParser<Batch> {
  parse(batch: Batch): ParsedRecord[];
}

import { stringify } from 'csv-stringify/sync';
import { delimiterOf } from '../_shared/formats.js';
import type { FileExporterConfig } from './interfaces.js';

type ExportRecord = Record<string, unknown>;

/** Called for a record that cannot be written: throws, or returns and the record is left out. */
export type Reject = (record: ExportRecord, reason: Error) => void;

/** Records serialized at a time: keeps texts far below what a string can hold. */
const BATCH_RECORDS = 1000;

function* batchesOf<T>(items: T[]): Generator<T[]> {
  for (let start = 0; start < items.length; start += BATCH_RECORDS) {
    yield items.slice(start, start + BATCH_RECORDS);
  }
}

/** Applies `convert` to each record, and rejects those that it throws for. */
function convertAll<T>(records: ExportRecord[], convert: (record: ExportRecord) => T, reject: Reject): T[] {
  const converted: T[] = [];
  for (const record of records) {
    try {
      converted.push(convert(record));
    } catch (error) {
      reject(record, error as Error);
    }
  }
  return converted;
}

function pick(record: ExportRecord, fields: string[]): ExportRecord {
  const present = fields.filter((name) => Object.hasOwn(record, name));
  return Object.fromEntries(present.map((name) => [name, record[name]]));
}

function* jsonLines(records: ExportRecord[], fields: string[], reject: Reject): Generator<string> {
  const toLine = (record: ExportRecord): string =>
    `${JSON.stringify(fields.length > 0 ? pick(record, fields) : record)}\n`;
  for (const batch of batchesOf(records)) yield convertAll(batch, toLine, reject).join('');
}

function toCell(value: unknown): string {
  if (value == null) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object'
    ? JSON.stringify(value)
    : String(value as string | number | boolean | bigint);
}

/** All fields of the records, in the order in which they are first met. */
function fieldsOf(records: ExportRecord[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))];
}

function* delimitedLines(
  records: ExportRecord[],
  config: FileExporterConfig,
  reject: Reject,
): Generator<string> {
  const fields = config.fields.length > 0 ? config.fields : fieldsOf(records);
  const toText = (rows: string[][]): string =>
    stringify(rows, {
      delimiter: delimiterOf(config.format, config.field_delimiter),
      record_delimiter: '\n',
      quote_record_delimiter: true,
      // an empty line would be no record to whoever reads the file
      quoted_empty: fields.length === 1,
    });
  const toRow = (record: ExportRecord): string[] => fields.map((name) => toCell(record[name]));
  if (config.include_header) yield toText([fields]);
  for (const batch of batchesOf(records)) yield toText(convertAll(batch, toRow, reject));
}

/** The contents of a file that holds the records, piece by piece. */
export function serialize(
  records: ExportRecord[],
  config: FileExporterConfig,
  reject: Reject,
): Generator<string> {
  return config.format === 'ldjson'
    ? jsonLines(records, config.fields, reject)
    : delimitedLines(records, config, reject);
}

import { parse } from 'csv-parse/sync';
import { delimiterOf } from '../_shared/formats.js';
import type { FileReaderConfig, ParsedRecord, RecordParser, Reject } from './interfaces.js';
import type { RawRecord } from './record-splitter.js';
import { decode } from './text.js';

/** Names of the fields of a file, and the offset of the line that holds them, if one does. */
export interface Header {
  names: string[];
  offset: number | undefined;
}

/** Whether a line holds nothing at all; one of white space may be a record with an empty field. */
export function isEmpty({ data }: RawRecord): boolean {
  return data.length === 0;
}

/** Splits text that holds nothing but whole records into their fields. */
function fieldsOf(text: string, config: FileReaderConfig): string[][] {
  return parse(text, {
    delimiter: delimiterOf(config.format, config.field_delimiter),
    record_delimiter: '\n',
    relax_column_count: true,
  });
}

/** @throws Error if it is not one well-formed record */
function fieldsOfOne(record: RawRecord, config: FileReaderConfig): string[] {
  const [fields, ...others] = fieldsOf(decode(record.data), config);
  if (!fields || others.length > 0) throw new Error('the line is not one record');
  return fields;
}

/**
 * What the names of the fields are, by the first record of a file.
 *
 * @throws Error if that is malformed, or names a field twice
 */
export function toHeader(first: RawRecord | undefined, config: FileReaderConfig): Header {
  const { fields: names, remove_header: removeHeader } = config;
  if (!first) return { names, offset: undefined };
  if (names.length === 0) {
    const found = fieldsOfOne(first, config);
    const twice = found.find((name, index) => found.indexOf(name) !== index);
    if (twice !== undefined) throw new Error(`the header names the field "${twice}" twice`);
    return { names: found, offset: first.offset };
  }
  const repeated = removeHeader && first.data.length > 0 && isHeader(first, config);
  return { names, offset: repeated ? first.offset : undefined };
}

function isHeader(first: RawRecord, config: FileReaderConfig): boolean {
  try {
    return JSON.stringify(fieldsOfOne(first, config)) === JSON.stringify(config.fields);
  } catch {
    // a malformed first record is data, and rejected as such
    return false;
  }
}

/**
 * Parses records of CSV and TSV. A batch is parsed as one text, which is ten times faster than record by record;
 * only where that fails, or finds another number of records, each is parsed alone to know which is malformed.
 */
export class DelimitedParser implements RecordParser<RawRecord[]> {
  constructor(
    private readonly header: Header,
    private readonly config: FileReaderConfig,
    private readonly reject: Reject,
  ) {}

  parse(batch: RawRecord[]): ParsedRecord[] {
    const raws = batch.filter((raw) => !isEmpty(raw) && raw.offset !== this.header.offset);
    const rows = this.parseTogether(raws) ?? raws.map((raw) => this.parseAlone(raw));
    return raws.map((raw, index) => this.toRecord(raw, rows[index])).filter((record) => record !== undefined);
  }

  private parseTogether(raws: RawRecord[]): string[][] | undefined {
    try {
      const rows = fieldsOf(raws.map(({ data }) => decode(data)).join('\n'), this.config);
      return rows.length === raws.length ? rows : undefined;
    } catch {
      return undefined;
    }
  }

  private parseAlone(raw: RawRecord): string[] | undefined {
    try {
      return fieldsOfOne(raw, this.config);
    } catch (error) {
      this.reject(raw, error as Error);
      return undefined;
    }
  }

  private toRecord(raw: RawRecord, fields: string[] | undefined): ParsedRecord | undefined {
    if (!fields) return undefined;
    const { names } = this.header;
    if (fields.length !== names.length) {
      this.reject(raw, new Error(`expected ${names.length} fields, found ${fields.length}`));
      return undefined;
    }
    const record: ParsedRecord = {};
    for (const [index, name] of names.entries()) {
      const value = fields[index]!;
      if (value !== '' || !this.config.ignore_empty) record[name] = value;
    }
    return record;
  }
}

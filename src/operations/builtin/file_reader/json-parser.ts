import { DataEntity } from '#job-components';
import type { ParsedRecord, RecordParser, Reject } from './interfaces.js';
import type { Block } from './read-blocks.js';
import { RecordSplitter } from './record-splitter.js';
import type { RawRecord } from './record-splitter.js';
import { decode, isBlank } from './text.js';

/** @throws Error if it is not a JSON object */
function toRecord(text: string): DataEntity {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('the line holds no JSON object');
  }
  return DataEntity.make(value);
}

/** @throws Error if any line is neither a JSON object nor empty */
function parseTogether({ data }: Block): DataEntity[] {
  const records: DataEntity[] = [];
  for (const line of decode(data).split('\n')) {
    if (line.length > 1 || line.trim() !== '') records.push(toRecord(line));
  }
  return records;
}

/**
 * Parses newline-delimited JSON: an object a line. Blank lines are passed over. Many lines are decoded as one text,
 * which is much faster than one by one; only where one of them is not as it must be, each is looked at alone.
 */
export class JsonParser implements RecordParser<Block> {
  constructor(private readonly reject: Reject) {}

  parse(lines: Block): ParsedRecord[] {
    try {
      return parseTogether(lines);
    } catch {
      return this.parseAlone(lines);
    }
  }

  private parseAlone({ offset, data }: Block): ParsedRecord[] {
    const splitter = new RecordSplitter(offset);
    const records: ParsedRecord[] = [];
    for (const raw of [...splitter.push(data), ...splitter.end()]) {
      if (!isBlank(raw.data)) this.add(records, raw);
    }
    return records;
  }

  private add(records: ParsedRecord[], raw: RawRecord): void {
    try {
      records.push(toRecord(decode(raw.data)));
    } catch (error) {
      this.reject(raw, error as Error);
    }
  }
}

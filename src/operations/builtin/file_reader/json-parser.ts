import { decode, isBlank } from './text.js';
import type { RawRecord } from './record-splitter.js';
import type { ParsedRecord, RecordParser, Reject } from './interfaces.js';

/** Parses newline-delimited JSON: an object a line. Blank lines are passed over. */
export class JsonParser implements RecordParser {
  constructor(private readonly reject: Reject) {}

  parse(batch: RawRecord[]): ParsedRecord[] {
    const records: ParsedRecord[] = [];
    for (const raw of batch) {
      if (isBlank(raw.data)) continue;
      try {
        const value: unknown = JSON.parse(decode(raw.data));
        if (typeof value !== 'object' || value === null || Array.isArray(value)) {
          throw new Error('the line holds no JSON object');
        }
        records.push(value as ParsedRecord);
      } catch (error) {
        this.reject(raw, error as Error);
      }
    }
    return records;
  }
}

import { Fetcher, TSError } from '#job-components';
import { DelimitedParser, isEmpty, toHeader } from './delimited-parser.js';
import type { Header } from './delimited-parser.js';
import type { FileReaderConfig, FileSlice, ParsedRecord, RecordParser, Reject } from './interfaces.js';
import { JsonParser } from './json-parser.js';
import { readLines, readRecords } from './read-records.js';
import type { RawRecord } from './record-splitter.js';

async function parseAll<Batch>(
  batches: AsyncIterable<Batch>,
  parser: RecordParser<Batch>,
): Promise<ParsedRecord[]> {
  const records: ParsedRecord[] = [];
  for await (const batch of batches) {
    for (const record of parser.parse(batch)) records.push(record);
  }
  return records;
}

export default class FileReaderFetcher extends Fetcher<FileReaderConfig> {
  /** The header of the file read last: the slices of a file follow each other. */
  private lastHeader: { path: string; header: Header } | undefined;

  override async fetch(slice: FileSlice): Promise<ParsedRecord[]> {
    const reject: Reject = (record, reason) => this.rejectRaw(slice.path, record, reason);
    if (this.opConfig.format === 'ldjson') {
      return parseAll(readLines(slice, this.opConfig), new JsonParser(reject));
    }
    const parser = new DelimitedParser(await this.headerOf(slice), this.opConfig, reject);
    return parseAll(readRecords(slice, this.opConfig), parser);
  }

  private async headerOf(slice: FileSlice): Promise<Header> {
    // a first slice reads it again: the file may have been replaced for another execution
    if (this.lastHeader?.path !== slice.path || slice.offset === 0) {
      this.lastHeader = { path: slice.path, header: await this.readHeader(slice) };
    }
    return this.lastHeader.header;
  }

  private async readHeader({ path, total }: FileSlice): Promise<Header> {
    const first = await this.firstRecord({ path, total, offset: 0, length: total });
    try {
      return toHeader(first, this.opConfig);
    } catch (error) {
      throw this.describe(path, first?.offset ?? 0, error as Error);
    }
  }

  private async firstRecord(file: FileSlice): Promise<RawRecord | undefined> {
    for await (const batch of readRecords(file, this.opConfig)) {
      const first = batch.find((record) => !isEmpty(record));
      if (first) return first;
    }
    return undefined;
  }

  private rejectRaw(path: string, { offset, data }: RawRecord, reason: Error): void {
    this.rejectRecord(data.toString('utf8'), this.describe(path, offset, reason));
  }

  /** Not retryable: the file will not be better the next time. */
  private describe(path: string, offset: number, reason: Error): TSError {
    return new TSError(reason, { reason: `malformed record in ${path} at byte ${offset}`, retryable: false });
  }
}

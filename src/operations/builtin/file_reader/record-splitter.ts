import { NEWLINE } from './read-blocks.js';

const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const NOWHERE = -2;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

function startsWithMark(bytes: Buffer): boolean {
  return bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
}

/** What is not over after so many bytes is not a record, but a wrong format or a quote that is never closed. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** @throws Error if a record that is not over at `position` is longer than 64 MiB */
export function checkLength(recordStart: number, position: number): void {
  if (position - recordStart <= MAX_RECORD_BYTES) return;
  throw new Error(`the record at byte ${recordStart} is longer than ${MAX_RECORD_BYTES} bytes`);
}

/** A record as it lies in the file: its first byte and all bytes but the line break after it. */
export interface RawRecord {
  offset: number;
  data: Buffer;
}

/** Finds line feeds. */
class LineScanner {
  private block: Buffer = Buffer.alloc(0);

  startBlock(block: Buffer): void {
    this.block = block;
  }

  nextEnd(from: number): number {
    return this.block.indexOf(NEWLINE, from);
  }
}

/**
 * Finds line feeds outside of quotes. A quote opens at the start of a field only; a doubled quote inside reads
 * as closed and opened again.
 *
 * State: whether the next byte is inside of quotes, and the byte before it with what it was: that tells what a
 * quote at the start of a block means.
 */
class QuoteScanner {
  private block: Buffer = Buffer.alloc(0);
  /** Index in the block of the next quote not looked at, -1: none. Looked up once, not once a record. */
  private quote = -1;
  private quoted = false;
  /** Index in the block of the quote that closed last; -1: the last byte of the block before. */
  private closed = NOWHERE;
  private lastByte = NEWLINE;

  constructor(private readonly delimiter: number) {}

  startBlock(block: Buffer): void {
    this.closed = this.closed !== NOWHERE && this.closed === this.block.length - 1 ? -1 : NOWHERE;
    this.lastByte = this.block[this.block.length - 1] ?? this.lastByte;
    this.block = block;
    this.quote = block.indexOf(QUOTE);
  }

  /** @param recordStart index in the block of the record's first byte, -1 if it lies in a block before */
  nextEnd(from: number, recordStart: number): number {
    let newline = this.block.indexOf(NEWLINE, from);
    while (this.quote !== -1 && (this.quoted || newline === -1 || this.quote < newline)) {
      const { quote } = this;
      if (this.quoted) {
        this.quoted = false;
        this.closed = quote;
      } else {
        this.quoted = this.opens(quote, recordStart);
      }
      this.quote = this.block.indexOf(QUOTE, quote + 1);
      if (newline !== -1 && newline < quote) newline = this.block.indexOf(NEWLINE, quote + 1);
    }
    return this.quoted ? -1 : newline;
  }

  private opens(quote: number, recordStart: number): boolean {
    const before = quote === 0 ? this.lastByte : this.block[quote - 1];
    return quote === recordStart || before === this.delimiter || this.closed === quote - 1;
  }
}

/**
 * Splits the blocks of a file into records.
 *
 * State: the offset of the next byte, and the beginning of a record whose end has not been seen. Records are
 * split by bytes, never by characters: a line feed is no part of any other character in UTF-8.
 */
export class RecordSplitter {
  /** Offset at which the record at hand begins. */
  private recordStart: number;
  private parts: Buffer[] = [];
  private readonly scanner: LineScanner | QuoteScanner;

  /**
   * @param position offset of the first byte that will be pushed
   * @param delimiter of the fields, if they may be quoted and hold line breaks
   */
  constructor(
    private position: number,
    delimiter?: string,
  ) {
    this.recordStart = position;
    this.scanner = delimiter === undefined ? new LineScanner() : new QuoteScanner(delimiter.charCodeAt(0));
  }

  /** @throws Error if a record is longer than 64 MiB */
  push(block: Buffer): RawRecord[] {
    const records: RawRecord[] = [];
    const hasMark = this.position === 0 && startsWithMark(block);
    let start = 0;
    let from = hasMark ? BYTE_ORDER_MARK.length : 0;
    this.scanner.startBlock(block);
    for (;;) {
      const end = this.scanner.nextEnd(from, this.parts.length === 0 ? from : -1);
      if (end === -1) break;
      records.push(this.finish(block.subarray(start, end)));
      start = from = end + 1;
      this.recordStart = this.position + start;
    }
    if (start < block.length) this.parts.push(block.subarray(start));
    this.position += block.length;
    checkLength(this.recordStart, this.position);
    return records;
  }

  /** @returns the record at the end of the file, if no line break follows it */
  end(): RawRecord[] {
    return this.parts.length === 0 ? [] : [this.finish(Buffer.alloc(0))];
  }

  private finish(tail: Buffer): RawRecord {
    let data = this.parts.length === 0 ? tail : Buffer.concat([...this.parts, tail]);
    this.parts = [];
    if (this.recordStart === 0 && startsWithMark(data)) data = data.subarray(BYTE_ORDER_MARK.length);
    if (data[data.length - 1] === CARRIAGE_RETURN) data = data.subarray(0, -1);
    return { offset: this.recordStart, data };
  }
}

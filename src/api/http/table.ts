import { setImmediate as turn } from 'node:timers/promises';
import stringWidth from 'string-width';
import type { z } from 'zod';
import { CodedError } from '../../errors.js';
import { cut } from '../../text.js';
import type { tableQuery } from './parameters.js';

/** Characters of a cell that are shown: all cells of a column are as wide as the widest. */
const MAX_CELL = 1_000;
/** Columns of a table on the screen, times its lines: one wide cell in each column of many rows is all it takes. */
const MAX_TABLE = 8 * 1024 * 1024;
/** Characters after which others get their turn: to measure one that is not ASCII takes two microseconds. */
const CHARACTERS_A_TURN = 10_000;

/** What a table shows, page by page. */
type Rows = AsyncIterable<object[]> | Iterable<object[]>;

/** What a table shows and how, unless the query says otherwise. */
export interface TableOptions {
  columns: string[];
  /** Text in place of a value that is missing. Default: N/A. */
  missing?: string;
}

/**
 * A text table, as Teraslice's `/txt` endpoints answer it (Teraslice's `docs/management-apis/endpoints-txt.md`). Of the
 * query, `fields` chooses columns, paths included, and `headers=false` leaves out the first two lines.
 */
export const tableOf = (
  pages: Rows,
  { fields, headers }: z.output<typeof tableQuery>,
  { columns, missing = 'N/A' }: TableOptions,
): Promise<string> => renderTable(pages, fields.length > 0 ? fields : columns, { headers, missing });

/**
 * Columns as wide as their widest cell, two spaces between them; without rows one that is blank.
 * @throws CodedError TABLE_TOO_LARGE
 */
export async function renderTable(
  pages: Rows,
  columns: string[],
  { headers, missing }: { headers: boolean; missing: string },
): Promise<string> {
  const lines: Cell[][] = headers ? [columns.map((column) => toCell(column))] : [];
  const widths = headers ? columns.map((column) => stringWidth(column)) : columns.map(() => 0);
  let measured = 0;
  const add = async (texts: Iterable<string>): Promise<void> => {
    const line: Cell[] = [];
    for (const text of texts) {
      const cell = toCell(text);
      widths[line.length] = Math.max(widths[line.length]!, cell.width);
      line.push(cell);
      measured += text.length;
      if (measured < CHARACTERS_A_TURN) continue;
      measured = 0;
      await turn();
    }
    lines.push(line);
    const length = widths.reduce((sum, width) => sum + width + 2, 0);
    if (length * (lines.length + 1) > MAX_TABLE)
      throw new CodedError('TABLE_TOO_LARGE', { limit: MAX_TABLE });
  };
  for await (const rows of pages) {
    for (const row of rows) await add(columns.map((column) => shown(printed(valueAt(row, column), missing))));
  }
  if (lines.length === (headers ? 1 : 0)) await add(columns.map(() => ''));
  const texts = lines.map((line) =>
    line.map(({ text, width }, index) => text + ' '.repeat(widths[index]! - width)).join('  '),
  );
  if (headers) texts.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return texts.map((text) => `${text}\n`).join('');
}

/** A text and its columns on the screen. */
interface Cell {
  text: string;
  width: number;
}

/**
 * Printable ASCII is measured by its length. The mark of a cut would be the one character that is none, so it is
 * measured apart.
 */
const toCell = (text: string): Cell => ({
  text,
  width: text.endsWith('…') ? stringWidth(text.slice(0, -1)) + 1 : stringWidth(text),
});

/**
 * One line, as a row is: stack traces would tear the table apart. A cut text is copied: V8 would keep all of what it was
 * cut from in memory as long as the cell.
 */
function shown(text: string): string {
  const copy =
    text.length <= MAX_CELL ? text : Buffer.from(cut(text, MAX_CELL), 'utf16le').toString('utf16le');
  return copy.replaceAll(/\s*\n\s*/g, ' ');
}

/** A field of the row, else what lies at the end of a path such as `_slicer_stats.processed` or `operations[0]._op`. */
function valueAt(row: object, path: string): unknown {
  const names = Object.hasOwn(row, path) ? [path] : path.replaceAll(/\[([^[\]]+)\]/g, '.$1').split('.');
  let value: unknown = row;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** Lists by their elements; objects have no text of their own. */
function printed(value: unknown, missing: string): string {
  if (value === undefined) return missing;
  if (Array.isArray(value)) return value.map((element) => printed(element ?? '', '')).join(',');
  return typeof value === 'object' && value !== null ? '[object Object]' : String(value);
}

import stringWidth from 'string-width';
import type { z } from 'zod';
import { cut } from '../../text.js';
import type { tableQuery } from './parameters.js';

/** Characters of a cell that are shown: all cells of a column are as wide as the widest. */
const MAX_CELL = 1_000;

/** What a table shows and how, unless the query says otherwise. */
export interface TableOptions {
  columns: string[];
  /** Text in place of a value that is missing. Default: N/A. */
  missing?: string;
}

/**
 * A text table, as Teraslice's `/txt` endpoints answer it (Teraslice REST API, section 10). Of the query,
 * `fields` chooses columns, dotted paths included, and `headers=false` leaves out the first two lines.
 */
export const tableOf = (
  rows: object[],
  { fields, headers }: z.output<typeof tableQuery>,
  { columns, missing = 'N/A' }: TableOptions,
): string => renderTable(rows, fields.length > 0 ? fields : columns, { headers, missing });

/** Columns as wide as their widest cell, two spaces between them; without rows one that is blank. */
export function renderTable(
  rows: object[],
  columns: string[],
  { headers, missing }: { headers: boolean; missing: string },
): string {
  const cells =
    rows.length > 0
      ? rows.map((row) => columns.map((column) => cut(printed(valueAt(row, column), missing), MAX_CELL)))
      : [columns.map(() => '')];
  const table = headers ? [columns, ...cells] : cells;
  const widths = columns.map((_column, index) => Math.max(...table.map((line) => stringWidth(line[index]!))));
  const lines = table.map((line) =>
    line.map((cell, index) => cell + ' '.repeat(widths[index]! - stringWidth(cell))).join('  '),
  );
  if (headers) lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.map((line) => `${line}\n`).join('');
}

/** A field of the row, else what lies at the end of a path such as `_slicer_stats.processed`. */
function valueAt(row: object, path: string): unknown {
  let value: unknown = row;
  for (const name of Object.hasOwn(row, path) ? [path] : path.split('.')) {
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

import type { JudgedRow, Target } from './row.js';
import type { Summary } from './statistics.js';

const HEADINGS = ['', 'unit', 'min', 'median', 'max', 'reference', 'ratio', 'target', 'met', 'Teraslice'];
/** Columns of text; the others are numbers. */
const LEFT = new Set([0, 1, 5, 9]);

/** A table in Markdown that can be read as plain text, too. */
export function table(rows: JudgedRow[]): string {
  const lines = [HEADINGS, ...rows.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(3, ...lines.map((line) => width(line[column] ?? ''))));
  const format = (line: string[]): string =>
    `| ${line.map((cell, column) => pad(cell, widths[column] ?? 0, LEFT.has(column))).join(' | ')} |`;
  const rule = widths.map((size, column) =>
    LEFT.has(column) ? '-'.repeat(size) : `${'-'.repeat(size - 1)}:`,
  );
  return [format(HEADINGS), format(rule), ...lines.slice(1).map(format)].join('\n');
}

function cells(row: JudgedRow): string[] {
  const { summary, referenceSummary, ratio } = row;
  return [
    row.name,
    row.unit,
    ...figures(summary),
    row.reference && referenceSummary ? `${row.reference.name} ${number(referenceSummary.median)}` : '',
    ratio ? percent(ratio.median) : '',
    row.target ? describeTarget(row.target) : '',
    row.met === undefined ? '' : row.met ? 'yes' : 'no',
    row.teraslice ?? '',
  ];
}

const figures = ({ min, median, max }: Summary): string[] => [min, median, max].map(number);

const describeTarget = ({ value, of, better }: Target): string =>
  `${better === 'higher' ? '≥' : '≤'} ${of === 'ratio' ? percent(value) : number(value)}`;

const percent = (share: number): string => `${Math.round(100 * share)}%`;

/** Three significant digits, more only before the point. */
export function number(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 3) });
}

const width = (text: string): number => [...text].length;

function pad(text: string, size: number, left: boolean): string {
  const blanks = ' '.repeat(Math.max(0, size - width(text)));
  return left ? text + blanks : blanks + text;
}

import type { Case, ServerKind } from './case.js';
import { SECTIONS, sectionOf } from './sections.js';

export interface Result {
  case: Case;
  /** How the answer differs from what is expected; nothing: it does not. */
  differences: string[];
}

/** A line for each case, then what differs, then a table of the sections. */
export function reportOf(results: Result[], kind: ServerKind): string {
  const lines = results.map((result) => [...headOf(result), verdict(result, kind)]);
  const blocks = [aligned(lines), differing(results), aligned(sums(results, kind))];
  return blocks.filter((block) => block !== '').join('\n\n');
}

const headOf = ({ case: { row, request } }: Result): string[] => [row, request];
const differs = ({ differences }: Result): boolean => differences.length > 0;
const deviates = ({ case: { temposlice } }: Result, kind: ServerKind): boolean =>
  kind === 'temposlice' && temposlice !== undefined;

function verdict(result: Result, kind: ServerKind): string {
  if (differs(result)) return 'DIFFERS';
  if (!deviates(result, kind)) return 'ok';
  const { expect, temposlice } = result.case;
  const how = expect.status === temposlice!.status ? 'otherwise' : String(expect.status);
  return `ok, on purpose: Teraslice answers ${how}`;
}

const differing = (results: Result[]): string =>
  results
    .filter(differs)
    .map((result) => [headOf(result).join('  '), ...result.differences.map((one) => `    ${one}`)].join('\n'))
    .join('\n');

/** Numbers of cases by section, and of all. */
function sums(results: Result[], kind: ServerKind): string[][] {
  const numbers = (some: Result[]): string[] => [
    String(some.length),
    String(some.filter((result) => !differs(result)).length),
    ...(kind === 'temposlice' ? [String(some.filter((result) => deviates(result, kind)).length)] : []),
    String(some.filter(differs).length),
  ];
  return [
    ['section', '', 'cases', 'ok', ...(kind === 'temposlice' ? ['on purpose'] : []), 'differ'],
    ...[...SECTIONS].flatMap(([section, title]) => {
      const own = results.filter(({ case: { row } }) => sectionOf(row) === section);
      return own.length === 0 ? [] : [[section, title, ...numbers(own)]];
    }),
    ['all', `as of ${kind}`, ...numbers(results)],
  ];
}

/** Cells below each other; numbers at the right. */
function aligned(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number): string =>
    /^\d+$/.test(cell) && column > 1 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

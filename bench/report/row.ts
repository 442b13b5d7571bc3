import { ratios, summarize, type Summary } from './statistics.js';

export interface Target {
  value: number;
  /** What has to reach it: the median of the values, or of their ratios to the reference. */
  of: 'value' | 'ratio';
  better: 'higher' | 'lower';
}

/** One figure of the table, with everything that was measured for it. */
export interface Row {
  scenario: string;
  name: string;
  unit: string;
  values: number[];
  /** What was measured beside it, alternating, for comparison. */
  reference?: { name: string; values: number[] };
  target?: Target;
  /** The same figure of a real Teraslice on the machine of docs/performance.md. */
  teraslice?: string;
  /** What limited the figure: processor seconds of each kind of process, and the like. */
  limits: string[];
}

export interface JudgedRow extends Row {
  summary: Summary;
  referenceSummary?: Summary;
  ratio?: Summary;
  /** Undefined: there is no target. */
  met?: boolean;
}

export function judge(row: Row): JudgedRow {
  const summary = summarize(row.values);
  const judged: JudgedRow = { ...row, summary };
  if (row.reference) {
    judged.referenceSummary = summarize(row.reference.values);
    judged.ratio = summarize(ratios(row.values, row.reference.values));
  }
  if (row.target) {
    const reached = row.target.of === 'ratio' ? judged.ratio?.median : summary.median;
    if (reached === undefined) throw new Error(`${row.name} has a ratio as its target and no reference`);
    judged.met = row.target.better === 'higher' ? reached >= row.target.value : reached <= row.target.value;
  }
  return judged;
}

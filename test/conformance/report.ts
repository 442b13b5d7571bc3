import type { Case, ServerKind } from './case.js';

export interface Result {
  case: Case;
  /** How the answer differs from what is expected; nothing: it does not. */
  differences: string[];
}

/** A line for each case, with what differs below it, and the sums. */
export function reportOf(results: Result[], kind: ServerKind): string {
  const rows = Math.max(...results.map(({ case: { row } }) => row.length), 0);
  const requests = Math.max(...results.map(({ case: { request } }) => request.length), 0);
  const lines = results.flatMap(({ case: one, differences }) => [
    `${one.row.padEnd(rows)}  ${one.request.padEnd(requests)}  ${verdict(one, differences, kind)}`,
    ...differences.map((difference) => `    ${difference}`),
  ]);
  const differing = results.filter(({ differences }) => differences.length > 0).length;
  const onPurpose = results.filter(({ case: one }) => deviates(one, kind)).length;
  const sums = [`${results.length} cases as of ${kind}: ${results.length - differing} ok`];
  if (onPurpose > 0) sums.push(`${onPurpose} of all deviate from Teraslice on purpose`);
  sums.push(`${differing} differ`);
  return [...lines, '', sums.join(', ')].join('\n');
}

const deviates = ({ temposlice }: Case, kind: ServerKind): boolean =>
  kind === 'temposlice' && temposlice !== undefined;

function verdict(one: Case, differences: string[], kind: ServerKind): string {
  if (differences.length > 0) return 'DIFFERS';
  return deviates(one, kind) ? 'ok (deviates from Teraslice)' : 'ok';
}

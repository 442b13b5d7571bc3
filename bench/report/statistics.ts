export interface Summary {
  min: number;
  median: number;
  max: number;
}

/** @throws RangeError if there are no values */
export function summarize(values: number[]): Summary {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
  return { min: sorted[0] as number, median, max: sorted.at(-1) as number };
}

/**
 * Ratios of values measured side by side. Each is compared with its own neighbour, so that a machine that is
 * slow for a while makes both slow.
 *
 * @throws RangeError if there are not as many of both
 */
export function ratios(values: number[], references: number[]): number[] {
  if (values.length !== references.length) {
    throw new RangeError(`${values.length} values cannot be compared with ${references.length}`);
  }
  return values.map((value, i) => value / (references[i] as number));
}

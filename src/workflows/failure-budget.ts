/** Slices that must have been processed before a share of them says anything. */
const LEAST_PROCESSED = 100;

/**
 * Whether more slices failed than a job allows.
 *
 * @param limit `max_failed_slices` of the job: a number, or a share of the slices processed as in `"5%"`, which
 *   is looked at from the hundredth slice on; null or absent: no limit
 */
export function overBudget(
  limit: number | string | null | undefined,
  { failed, processed }: { failed: number; processed: number },
): boolean {
  if (limit === null || limit === undefined) return false;
  if (typeof limit === 'number') return failed > limit;
  return processed >= LEAST_PROCESSED && failed * 100 > Number.parseFloat(limit) * processed;
}

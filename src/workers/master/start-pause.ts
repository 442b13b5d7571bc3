const FIRST_MS = 500;
/** A start that waits this long is not late for a person who looks at it when Temporal is back. */
const MAX_MS = 4_000;

/**
 * Pause in ms before the start of a workflow is tried again, after so many failures: doubled each time, and shortened by up to
 * half, so that all that waits for Temporal does not come at once, again and again.
 *
 * @param random at least 0, below 1
 */
export const startPause = (failures: number, random: number): number =>
  Math.round(Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS) * (1 - random / 2));

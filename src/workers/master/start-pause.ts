import { backOff } from '../../workflows/back-off.js';

/** A start that waits for the longest is not late for a person who looks at it when Temporal is back. */
const LIMITS = { firstMs: 500, maxMs: 4_000 };

/**
 * Pause in ms before the start of a workflow is tried again, after so many failures: spread to the shorter side only.
 *
 * @param random at least 0, below 1
 */
export const startPause = (failures: number, random: number): number =>
  backOff(failures, (1 - random) / 2, LIMITS);

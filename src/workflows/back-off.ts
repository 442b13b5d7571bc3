interface Limits {
  firstMs: number;
  maxMs: number;
}

/** Of a slice that killed its host. */
const OF_SLICES: Limits = { firstMs: 200, maxMs: 60_000 };

/**
 * Pause in ms before something is tried again, after so many tries: doubled each time, and spread by half to either
 * side, so that what failed of one cause does not come back together.
 *
 * @param random at least 0, below 1
 */
export const backOff = (tries: number, random: number, { firstMs, maxMs } = OF_SLICES): number =>
  Math.round(Math.min(firstMs * 2 ** (tries - 1), maxMs) * (0.5 + random));

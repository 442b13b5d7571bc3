const FIRST_MS = 200;
const MAX_MS = 60_000;

/**
 * Pause in ms before a slice that killed its host is tried again, after so many tries: doubled each time, and
 * spread by half to either side, so that slices with one cause do not come back together.
 *
 * @param random at least 0, below 1
 */
export const backOff = (tries: number, random: number): number =>
  Math.round(Math.min(FIRST_MS * 2 ** (tries - 1), MAX_MS) * (0.5 + random));

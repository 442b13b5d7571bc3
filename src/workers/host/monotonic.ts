const ORIGIN = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds on a clock that all processes of a machine share and that is never set. */
export const monotonic = (): number => ORIGIN + performance.now();

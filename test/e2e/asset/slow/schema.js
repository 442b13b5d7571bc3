import { schemaOf } from '../options.js';

export default schemaOf({
  /** Time of each slice, in ms. */
  ms: 0,
  /** Slices that hold a record with one of these values of `n` take `long` ms instead. */
  long_n: [],
  long: 0,
  /** File that must exist for it; empty: always. */
  flag: '',
  /** File that gets a line for each begin and end of a slice. */
  journal: '',
});

import { schemaOf } from '../options.js';

export default schemaOf({
  /** Slices in total. */
  slices: 1_000_000_000,
  /** Small records in each slice. */
  records: 5,
});

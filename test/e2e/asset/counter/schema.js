import { schemaOf } from '../options.js';

export default schemaOf({
  /** Slices that each slicer makes; null: without end. */
  slices: null,
  /** Records a slice. */
  records: 1,
  recoverable: true,
  /** Time of each call for a slice, in ms. */
  pause: 0,
  /** Number of the slice before which one call takes `stall` ms; null: none. */
  stall_at: null,
  stall: 60_000,
});

import { schemaOf } from '../options.js';

export default schemaOf({
  /** File that gets a line for each attempt at a slice. */
  journal: '',
  /** Attempts that throw, and attempts that kill the process. */
  throw_at: [],
  exit_at: [],
});

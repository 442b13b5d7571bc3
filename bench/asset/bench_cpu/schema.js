import { schemaOf } from '../options.js';

/** Rounds of arithmetic for each slice. A fixed amount of work, not of time: time would pass on a busy machine, too. */
export default schemaOf({ rounds: 1 });

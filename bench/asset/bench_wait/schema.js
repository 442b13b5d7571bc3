import { schemaOf } from '../options.js';

/** Time that each slice waits, as for an answer over the network, in ms. */
export default schemaOf({ ms: 50 });

import { schemaOf } from '../options.js';

/** File that gets one byte for each slice, at its end; none if empty. */
export default schemaOf({ path: '' });

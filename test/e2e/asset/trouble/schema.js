import { schemaOf } from '../options.js';

export default schemaOf({
  /** throw, fatal, exit, memory, loop */
  kind: 'throw',
  /** Field of a record, and the values of it that make trouble. */
  field: 'n',
  values: [],
  /** File that must exist for it; empty: always. */
  flag: '',
});

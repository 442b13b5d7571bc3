import { schemaOf } from '../options.js';

export default schemaOf({});

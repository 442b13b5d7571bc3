import { ConvictSchema } from '#job-components';

/** Schema of an operation of which only the defaults of its options matter. */
export function schemaOf(defaults) {
  return class Schema extends ConvictSchema {
    build() {
      return Object.fromEntries(
        Object.entries(defaults).map(([name, value]) => [name, { doc: name, default: value, format: '*' }]),
      );
    }
  };
}

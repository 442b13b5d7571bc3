import type { OpConfig } from '#job-components';

export interface KeepFieldConfig extends OpConfig {
  /** Name of the field to keep, or names. */
  field: string | string[];
}

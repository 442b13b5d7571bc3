import type { OpConfig } from '#job-components';

export interface FilterConfig extends OpConfig {
  /** Field to look at; a dot leads into nested objects. */
  field: string;
  /** What to compare with: one value or an array of them. For `regex`, text such as `/^jo/i`. */
  value: unknown;
  /** false: records that meet the criteria are dropped; true: only they are kept. */
  invert: boolean;
  filter_by: 'match' | 'regex';
}

import { ConvictSchema } from '#job-components';
import type { ValidatedJobConfig } from '#job-components';
import { oneOf, requiredString } from '../_shared/option-formats.js';
import type { FilterConfig } from './interfaces.js';
import { toMatcher } from './matcher.js';

export default class Schema extends ConvictSchema<FilterConfig> {
  override build() {
    return {
      field: {
        doc: 'Field to filter on; a dot leads into nested objects',
        default: null,
        format: requiredString,
      },
      value: {
        doc: 'Value, or array of values, that the field is compared with',
        default: null,
        format: '*',
      },
      invert: {
        doc: 'false: records that meet the criteria are dropped; true: only they are kept',
        default: false,
        format: Boolean,
      },
      filter_by: {
        doc: 'match: strict equality; regex: the value is a regular expression such as /^jo/i',
        default: 'match',
        format: oneOf(['match', 'regex']),
      },
    };
  }

  override validateJob(job: ValidatedJobConfig): void {
    for (const operation of job.operations) {
      if (operation._op === 'filter') toMatcher(operation as FilterConfig);
    }
  }
}

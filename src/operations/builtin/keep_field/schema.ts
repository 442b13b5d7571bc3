import { ConvictSchema } from '#job-components';
import { fieldNames, requiredString } from '../_shared/option-formats.js';
import type { KeepFieldConfig } from './interfaces.js';

export default class Schema extends ConvictSchema<KeepFieldConfig> {
  override build() {
    return {
      field: {
        doc: 'Name of the field to keep, or an array of names; all others are removed',
        default: null,
        format: (value: unknown) => (Array.isArray(value) ? fieldNames(value) : requiredString(value)),
      },
    };
  }
}

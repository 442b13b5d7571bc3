import { ConvictSchema } from '#job-components';
import { positiveInteger } from '../_shared/option-formats.js';
import type { DataGeneratorConfig } from './interfaces.js';

export default class Schema extends ConvictSchema<DataGeneratorConfig> {
  override build() {
    return {
      size: {
        doc: 'Records in total (lifecycle once), or records in each slice (lifecycle persistent)',
        default: 5000,
        format: positiveInteger,
      },
      slice_size: {
        doc: 'Records in each slice (lifecycle once); the last slice takes what is left',
        default: 5000,
        format: positiveInteger,
      },
    };
  }
}

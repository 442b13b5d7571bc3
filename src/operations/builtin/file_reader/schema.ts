import { ConvictSchema } from '#job-components';
import type { ValidatedJobConfig } from '#job-components';
import { FORMATS } from '../_shared/formats.js';
import {
  delimiterCharacter,
  fieldNames,
  oneOf,
  positiveInteger,
  requiredString,
} from '../_shared/option-formats.js';
import type { FileReaderConfig } from './interfaces.js';

export default class Schema extends ConvictSchema<FileReaderConfig> {
  override build() {
    return {
      path: {
        doc: 'A file, a directory (read with all that is below it) or a glob. Every node must see the same files',
        default: null,
        format: requiredString,
      },
      format: {
        doc: 'How the files are read: ldjson (newline-delimited JSON), csv or tsv',
        default: 'ldjson',
        format: oneOf(FORMATS),
      },
      size: {
        doc: 'Bytes in each slice; a record belongs to the slice in which it begins',
        default: 10_000_000,
        format: positiveInteger,
      },
      compression: {
        doc: 'none, gzip, or auto: gzip for names that end in .gz. A compressed file is one slice',
        default: 'auto',
        format: oneOf(['auto', 'none', 'gzip']),
      },
      file_per_slice: {
        doc: 'Never cut a file',
        default: false,
        format: Boolean,
      },
      quoted_newlines: {
        doc: 'Whether a quoted field of csv or tsv may hold a line break. Files without are cut by size',
        default: true,
        format: Boolean,
      },
      fields: {
        doc: 'Names of all fields of csv or tsv, in order. Left out: the first line of each file has them',
        default: [],
        format: fieldNames,
      },
      remove_header: {
        doc: 'With fields: drop the first line of a file if it repeats them',
        default: true,
        format: Boolean,
      },
      field_delimiter: {
        doc: 'Character between the fields of csv',
        default: ',',
        format: delimiterCharacter,
      },
      ignore_empty: {
        doc: 'Leave empty fields of csv or tsv out of the records',
        default: true,
        format: Boolean,
      },
      line_delimiter: {
        doc: 'Records end with a line feed; a carriage return before it is ignored',
        default: '\n',
        format: oneOf(['\n', '\r\n'], 'no other ends of records are supported'),
      },
    };
  }

  override validateJob(job: ValidatedJobConfig): void {
    if (job.operations[0]?._op === 'file_reader' && job.lifecycle === 'persistent') {
      throw new Error(
        'file_reader reads the files that are there when a job starts: lifecycle must be "once"',
      );
    }
  }
}

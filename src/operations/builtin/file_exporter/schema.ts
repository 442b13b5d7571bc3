import { join, relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import { isDynamicPattern } from 'tinyglobby';
import { ConvictSchema } from '#job-components';
import type { ValidatedJobConfig } from '#job-components';
import { FORMATS } from '../_shared/formats.js';
import { delimiterCharacter, fieldNames, oneOf, requiredString } from '../_shared/option-formats.js';
import { extensionOf } from './interfaces.js';
import type { FileExporterConfig } from './interfaces.js';

function fileExtension(value: unknown): void {
  if (value === null) return;
  if (typeof value !== 'string' || !/^[\w.-]*$/.test(value) || value.endsWith('.part')) {
    throw new Error('must be made of letters, digits, ".", "_" and "-", and must not end in ".part"');
  }
}

/** The form of most slice ids, after which files are named. */
const SLICE_ID = '00000000-0000-5000-8000-000000000000';

/** Whether a reader of `input`, a directory or a glob, reads what the exporter writes. */
function isReadWith(input: string, config: FileExporterConfig): boolean {
  const directory = resolve(config.path);
  // All that is below it, but for names that begin with a dot, as those of the way up do.
  const names = relative(resolve(input), directory).split(sep);
  if (names.every((name) => !name.startsWith('.'))) return true;
  return (
    isDynamicPattern(input) && picomatch(resolve(input))(join(directory, `${SLICE_ID}${extensionOf(config)}`))
  );
}

export default class Schema extends ConvictSchema<FileExporterConfig> {
  override build() {
    return {
      path: {
        doc: 'Directory of the output, on every node; made if it is missing',
        default: null,
        format: requiredString,
      },
      format: {
        doc: 'How the files are written: ldjson (newline-delimited JSON), csv or tsv',
        default: 'ldjson',
        format: oneOf(FORMATS),
      },
      compression: {
        doc: 'none or gzip',
        default: 'none',
        format: oneOf(['none', 'gzip']),
      },
      fields: {
        doc: 'Fields to write, in this order; left out: all fields of the records in a slice',
        default: [],
        format: fieldNames,
      },
      include_header: {
        doc: 'Begin each csv or tsv file with the names of its fields',
        default: false,
        format: Boolean,
      },
      field_delimiter: {
        doc: 'Character between the fields of csv',
        default: ',',
        format: delimiterCharacter,
      },
      extension: {
        doc: 'End of the file names; left out: by format and compression, such as .csv.gz',
        default: null,
        format: fileExtension,
      },
      line_delimiter: {
        doc: 'Records end with a line feed',
        default: '\n',
        format: oneOf(['\n'], 'no other ends of records are supported'),
      },
      file_per_slice: {
        doc: 'Each slice has a file of its own',
        default: true,
        format: oneOf([true], 'a file that several slices add to would hold records twice after a crash'),
      },
    };
  }

  override validateJob(job: ValidatedJobConfig): void {
    const exporters = job.operations.filter(({ _op }) => _op === 'file_exporter') as FileExporterConfig[];
    const targets = exporters.map((config) => `${resolve(config.path)}/*${extensionOf(config)}`);
    const shared = targets.find((target, index) => targets.indexOf(target) !== index);
    if (shared) throw new Error(`two file_exporter operations would replace each other's output ${shared}`);

    const [reader] = job.operations;
    if (reader?._op !== 'file_reader' || typeof reader.path !== 'string') return;
    const { path: input } = reader;
    if (exporters.some((config) => isReadWith(input, config))) {
      throw new Error(`file_exporter would write into ${resolve(input)}, which file_reader reads`);
    }
  }
}

import type { OpConfig } from '#job-components';
import type { Format } from '../_shared/formats.js';

export interface FileExporterConfig extends OpConfig {
  /** Directory of the output; made if it is missing. */
  path: string;
  format: Format;
  compression: 'none' | 'gzip';
  /** Fields to write, in this order. Empty: all of them. */
  fields: string[];
  /** Delimited formats: whether each file begins with the names of its fields. */
  include_header: boolean;
  /** `csv`: one ASCII character. */
  field_delimiter: string;
  /** End of the file names; null: by format and compression, such as `.csv.gz`. */
  extension: string | null;
}

export function extensionOf({ extension, format, compression }: FileExporterConfig): string {
  return extension ?? `.${format}${compression === 'gzip' ? '.gz' : ''}`;
}

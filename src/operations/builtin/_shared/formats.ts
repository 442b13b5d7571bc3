/** What both file operations understand of their options. */

export const FORMATS = ['ldjson', 'csv', 'tsv'] as const;
export type Format = (typeof FORMATS)[number];

/** The character between the fields of a delimited format. */
export function delimiterOf(format: Format, fieldDelimiter: string): string {
  return format === 'tsv' ? '\t' : fieldDelimiter;
}

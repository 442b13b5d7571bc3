/** Bytes of text that one statement carries, about. */
const STATEMENT_BYTES = 4 * 1024 * 1024;
/**
 * Rows that one statement carries. They travel as one array a column, so that no limit of parameters applies, or have
 * fewer than 32 columns: PostgreSQL takes 65,535 parameters.
 */
const STATEMENT_ROWS = 2_000;

/** Cuts rows into batches that are small enough for one statement each; a row is never dropped or cut. */
export async function* batches<T>(
  rows: Iterable<T> | AsyncIterable<T>,
  bytesOf: (row: T) => number,
  limit = STATEMENT_BYTES,
): AsyncGenerator<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for await (const row of rows) {
    const size = bytesOf(row);
    if (batch.length > 0 && (batch.length >= STATEMENT_ROWS || bytes + size > limit)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(row);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

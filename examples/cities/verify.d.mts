/** Rows in total, and as JSON those that are not there as often as they should be, or more often. */
export interface Comparison {
  expected: number;
  exported: number;
  missing: string[];
  surplus: string[];
}

/** Compares the output of `job.json` with the data set. */
export function verifyCities(directory?: string): Promise<Comparison>;

import type { ValidatedJob } from '../store/types.js';

/** Checks jobs as posted. Operations are user code, so an implementation runs them in another process. */
export interface JobValidator {
  /**
   * Fills in the defaults, resolves asset names and checks the job with the schemas of its operations.
   * `warnings` are for the caller to read.
   * @throws CodedError JOB_INVALID
   */
  validate(spec: Record<string, unknown>): Promise<{ job: ValidatedJob; warnings: unknown[] }>;
  /** JSON Schema (draft 2020-12) of jobs as posted, made of what `validate` checks them with. */
  jobSchema(): Promise<Record<string, unknown>>;
}

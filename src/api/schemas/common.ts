import { z } from 'zod';

/** ISO 8601, in UTC. */
export const time = z.iso.datetime();
export const count = z.int().min(0);
export const id = z.uuid();

/** What nearly every error is answered as. */
export const failure = z
  .object({
    error: z.int().describe('The status'),
    message: z.string(),
  })
  .meta({ id: 'Error' });

/** The exception (see `CodedError.bare`). */
export const bareFailure = z.object({ error: z.string().describe('The message') }).meta({ id: 'BareError' });

/** What the validation of a job has to say that is no error. */
export const warnings = z
  .array(z.unknown())
  .optional()
  .describe('Only if there are any: `{type: "JobValidation", reason}`, of deprecated properties');

/** An answer to what makes an execution. */
export const submission = z
  .object({
    job_id: id,
    ex_id: id.optional().describe('The new execution; absent if none was wanted'),
    warnings,
  })
  .meta({ id: 'Submission' });

export const message = z.object({ message: z.string() });

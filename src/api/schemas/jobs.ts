import { z } from 'zod';
import { id, time, warnings } from './common.js';

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const job = z
  .looseObject({
    job_id: id,
    _context: z.literal('job'),
    _created: time,
    _updated: time,
    _deleted: z.boolean().optional(),
    _deleted_on: time.optional(),
    ex: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Its latest execution, if the query asks for it; empty if there is none'),
    warnings,
  })
  .meta({
    id: 'Job',
    description: 'A JobConfiguration exactly as it was posted, and what the server adds',
  });

import type { Database } from '../schema.js';
import type { AuditStore } from '../types.js';

export function auditStore(db: Database): AuditStore {
  return {
    async append({ action, job_id: jobId, ex_id: exId, detail }) {
      await db
        .insertInto('audit')
        .values({
          action,
          job_id: jobId ?? null,
          ex_id: exId ?? null,
          detail: detail === undefined ? null : JSON.stringify(detail),
        })
        .execute();
    },
  };
}

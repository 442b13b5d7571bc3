import type { ApiDependencies } from '../dependencies.js';

export type Audit = (
  action: string,
  of: { job_id?: string; ex_id?: string },
  detail?: unknown,
) => Promise<void>;

/** Notes what was asked for and done. It never fails what it notes. */
export const createAudit =
  ({ store, logger }: Pick<ApiDependencies, 'store' | 'logger'>): Audit =>
  async (action, { job_id, ex_id }, detail) => {
    try {
      await store.audit.append({ action, job_id, ex_id, detail });
    } catch (error) {
      logger.warn({ err: error, action, job_id, ex_id }, 'the audit trail could not be written');
    }
  };

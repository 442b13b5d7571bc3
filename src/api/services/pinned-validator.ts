import type { JobValidator } from '../validator.js';
import type { AssetService } from './assets.js';

/** Validates jobs with their assets resolved to ids, which therefore are those of the execution. */
export const pinnedValidator = (
  validator: Pick<JobValidator, 'validate'>,
  assets: AssetService,
): Pick<JobValidator, 'validate'> => ({
  validate: async (spec) => validator.validate(await assets.pin(spec)),
});

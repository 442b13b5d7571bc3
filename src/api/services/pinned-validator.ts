import type { JobValidator } from '../validator.js';
import type { AssetService } from './assets.js';

/** Validates jobs with their assets resolved to ids, which therefore are those of the execution. */
export const pinnedValidator = (validator: JobValidator, assets: AssetService): JobValidator => ({
  validate: async (spec) => validator.validate(await assets.pin(spec)),
});

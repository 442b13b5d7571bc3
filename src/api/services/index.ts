import type { ApiDependencies } from '../dependencies.js';
import type { AssetService } from './assets.js';
import { createAudit, type Audit } from './audit.js';
import { ControlService } from './control.js';
import { ExecutionService } from './executions.js';
import { JobService } from './jobs.js';
import { ReplayService } from './replay.js';
import { pinnedValidator } from './pinned-validator.js';

/** What routes translate HTTP to. */
export interface Services {
  jobs: JobService;
  executions: ExecutionService;
  control: ControlService;
  replays: ReplayService;
  assets: AssetService;
  audit: Audit;
}

export function createServices(deps: ApiDependencies): Services {
  const executions = new ExecutionService(deps);
  return {
    executions,
    jobs: new JobService({ ...deps, validator: pinnedValidator(deps.validator, deps.assets) }, executions),
    control: new ControlService(deps, executions),
    replays: new ReplayService(deps, executions),
    assets: deps.assets,
    audit: createAudit(deps),
  };
}

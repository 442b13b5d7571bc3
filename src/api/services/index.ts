import type { ApiDependencies } from '../dependencies.js';
import { createAudit, type Audit } from './audit.js';
import { ControlService } from './control.js';
import { ExecutionService } from './executions.js';
import { JobService } from './jobs.js';

/** What routes translate HTTP to. */
export interface Services {
  jobs: JobService;
  executions: ExecutionService;
  control: ControlService;
  audit: Audit;
}

export function createServices(deps: ApiDependencies): Services {
  const executions = new ExecutionService(deps);
  return {
    executions,
    jobs: new JobService(deps, executions),
    control: new ControlService(deps, executions),
    audit: createAudit(deps),
  };
}

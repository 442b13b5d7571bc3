/**
 * The process in which jobs are validated: one request at a time, in over IPC, one answer out. User code may
 * hang it, crash it or fill its memory: its parent ends it then (`validate.ts`).
 */
import { dieWithParent } from './parent-watch.js';
import { cut, wellFormed } from '../text.js';
import { describeError } from './errors.js';
import { checkConnectors } from './connectors/validation.js';
import { createContext } from './context.js';
import { systemConfig } from './sysconfig.js';
import { jobJsonSchema } from './job-json-schema.js';
import { validateJob } from './validate-job.js';
import type {
  ConnectorsAnswer,
  ConnectorsRequest,
  SchemaAnswer,
  SchemaRequest,
  ValidationAnswer,
  ValidationReady,
  ValidationRequest,
} from './validation-messages.js';

dieWithParent();

const MAX_REASON = 2000;

function answer(message: ValidationAnswer | ConnectorsAnswer | SchemaAnswer | ValidationReady): void {
  process.send?.(message);
}

/** The message alone: stack frames, which the loader puts into its messages, are of no use to who posted the job. */
function reason(err: unknown): string {
  const message =
    err instanceof Error && err.message !== '' ? err.message : describeError(err).split('\n')[0];
  return cut(wellFormed(String(message).replace(/\n\s+at .*/g, '')), MAX_REASON);
}

process.on('message', (request: ValidationRequest | ConnectorsRequest | SchemaRequest) => {
  if ('connectors' in request) {
    void checkConnectors(request.connectors, systemConfig(request.options, 'validation')).then(answer);
    return;
  }
  if ('describe' in request) {
    const { context } = createContext({
      ...request.options,
      assignment: 'execution_controller',
      hostId: 'validation',
    });
    answer({ jobSchema: jobJsonSchema(context) });
    return;
  }
  validateJob(request.spec, request.options)
    .then(answer)
    .catch((err: unknown) => answer({ invalid: reason(err) }));
});

answer({ ready: true });

import { isGrpcServiceError, type WorkflowHandle } from '@temporalio/client';

/** gRPC's number of it. */
const FAILED_PRECONDITION = 9;

/** A run that was closed before it had done anything. */
export interface IdleRun {
  /** The run that it would have gone on from: what that one says of itself still holds. Undefined: it was the first. */
  before: string | undefined;
}

/**
 * Whether a query failed because the run never did anything: it was terminated while no master was there, right after
 * it was started or continued as new. Temporal refuses to ask such a run.
 * @throws if Temporal cannot be reached
 */
export async function idleRun(handle: WorkflowHandle, failure: unknown): Promise<IdleRun | undefined> {
  const cause = (failure as Error).cause;
  if (!isGrpcServiceError(cause) || Number(cause.code) !== FAILED_PRECONDITION) return undefined;
  const { events } = await handle.fetchHistory();
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  if (!started || events.some((event) => event.workflowTaskCompletedEventAttributes)) return undefined;
  return { before: started.continuedExecutionRunId || undefined };
}

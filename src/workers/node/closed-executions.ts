import type { NativeConnection } from '@temporalio/worker';
import proto from '@temporalio/proto';
import type { Logger } from '../../logger.js';
import type { HostPool } from './host-pool.js';

const { WORKFLOW_EXECUTION_STATUS_RUNNING, WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW } =
  proto.temporal.api.enums.v1.WorkflowExecutionStatus;
const NOT_FOUND = 5;

/**
 * Ends the hosts of executions whose workflow is closed: for a node that no master answers, which would
 * otherwise hold them for ever. Where Temporal does not answer either, the fence decides.
 */
export async function endHostsOfClosed(
  connection: NativeConnection,
  namespace: string,
  hosts: HostPool,
  logger: Logger,
): Promise<void> {
  for (const exId of new Set(hosts.all().map((host) => host.exId))) {
    try {
      if (await isOpen(connection, namespace, exId)) continue;
      logger.warn({ ex_id: exId }, 'no master answers and the execution is closed: its hosts end');
      hosts.killAll('its execution is closed', (host) => host.exId === exId);
    } catch (error) {
      logger.warn({ err: error, ex_id: exId }, 'whether an execution is closed cannot be found out yet');
    }
  }
}

async function isOpen(connection: NativeConnection, namespace: string, exId: string): Promise<boolean> {
  try {
    const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId: exId },
    });
    const status = workflowExecutionInfo?.status;
    return (
      status === WORKFLOW_EXECUTION_STATUS_RUNNING || status === WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW
    );
  } catch (error) {
    if ((error as { code?: number }).code === NOT_FOUND) return false;
    throw error;
  }
}

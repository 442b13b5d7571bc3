import { Client, Connection } from '@temporalio/client';

export interface HistorySize {
  runs: number;
  events: number;
  bytes: number;
}

/** Size of the history of an execution, over all runs of its workflow, as Temporal tells it. */
export async function historySize(address: string, exId: string): Promise<HistorySize> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const sum: HistorySize = { runs: 0, events: 0, bytes: 0 };
    for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${exId}'` })) {
      const run = await client.workflow.getHandle(exId, runId).describe();
      sum.runs += 1;
      sum.events += run.historyLength;
      sum.bytes += run.historySize ?? 0;
    }
    return sum;
  } finally {
    await connection.close();
  }
}

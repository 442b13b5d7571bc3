import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';

const PATIENCE = 10_000;

/** Asks the Temporal server itself, whatever the masters say. */
export class TemporalProbe {
  private client: Client | undefined;
  private address = '';
  private readonly questions = new Set<Promise<unknown>>();

  constructor(private readonly cluster: { readonly temporal: string }) {}

  /** Ends the workflow from outside, as the Web UI can. One that has ended, or a server that is away: nothing. */
  async terminate(exId: string): Promise<void> {
    try {
      await this.ask(({ workflow }) => workflow.getHandle(exId).terminate('chaos'));
    } catch {
      // The execution goes on, or has ended: whoever looks at it will see.
    }
  }

  /** Whether the execution's workflow runs. @throws if Temporal does not answer */
  async isOpen(exId: string): Promise<boolean> {
    try {
      const { status } = await this.ask(({ workflow }) => workflow.getHandle(exId).describe());
      return status.name === 'RUNNING';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  /** Ids of all open workflows; may lag behind by a second or two. @throws if Temporal does not answer */
  async open(): Promise<string[]> {
    return this.ask(async ({ workflow }) => {
      const ids: string[] = [];
      for await (const { workflowId } of workflow.list({ query: 'ExecutionStatus = "Running"' }))
        ids.push(workflowId);
      return ids;
    });
  }

  /** Waits for the answers that are due: a call that is tried again on a closed connection ends the process. */
  async close(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await Promise.allSettled(this.questions);
    await client?.connection.close();
  }

  private async ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.connected();
    const answer = client.withDeadline(Date.now() + PATIENCE, () => question(client));
    this.questions.add(answer);
    try {
      return await answer;
    } finally {
      this.questions.delete(answer);
    }
  }

  /** The address is another one after a new start of everything. */
  private async connected(): Promise<Client> {
    if (this.client && this.address === this.cluster.temporal) return this.client;
    await this.close();
    this.address = this.cluster.temporal;
    this.client = new Client({ connection: Connection.lazy({ address: this.address }) });
    return this.client;
  }
}

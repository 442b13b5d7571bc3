import type { MetadataFunctions } from '../../operations/context.js';
import type { FromHost, ToHost } from './protocol.js';

type Answer = Extract<ToHost, { type: 'metadata' }>;

/** `setMetadata` and `getMetadata` of operations: asked of the node, which asks a master. */
export class HostMetadata implements MetadataFunctions {
  private calls = 0;
  private readonly waiting = new Map<number, (answer: Answer) => void>();

  constructor(private readonly send: (message: FromHost) => void) {}

  async get(): Promise<Record<string, unknown>> {
    const call = ++this.calls;
    this.send({ type: 'getMetadata', call });
    return (await this.answerTo(call)) ?? {};
  }

  async update(_exId: string, metadata: Record<string, unknown>): Promise<void> {
    const call = ++this.calls;
    this.send({ type: 'setMetadata', call, metadata });
    await this.answerTo(call);
  }

  answer(answer: Answer): void {
    this.waiting.get(answer.call)?.(answer);
    this.waiting.delete(answer.call);
  }

  private answerTo(call: number): Promise<Record<string, unknown> | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.set(call, (answer) => {
        if (answer.error === undefined) resolve(answer.metadata);
        else reject(new Error(answer.error));
      });
    });
  }
}

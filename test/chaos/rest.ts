import { setTimeout as delay } from 'node:timers/promises';
import type { Reply } from '../support/stack.js';
import type { Violations } from './violations.js';

/** The API cannot be reached, or was lost before it answered: what was asked for may have happened. */
export class NoAnswer extends Error {}

/**
 * Longer than anything stands still: a request that was given up could otherwise still take effect when its master
 * wakes up.
 */
const PATIENCE = 180_000;
const RETRY_AFTER = 300;

/** Talks to an API that comes and goes. */
export class Rest {
  constructor(
    private readonly cluster: { readonly url: string },
    private readonly violations: Violations,
  ) {}

  /** @throws NoAnswer */
  async request<T = Record<string, unknown>>(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    patience = PATIENCE,
  ): Promise<Reply<T>> {
    let reply: Reply<T>;
    try {
      const response = await fetch(`${this.cluster.url}${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patience),
      });
      reply = { status: response.status, body: (await response.json()) as T };
    } catch (error) {
      throw new NoAnswer(`${method} ${path}: ${(error as Error).message}`, { cause: error });
    }
    if (reply.status === 500) {
      this.violations.add(
        'no internal errors',
        `${method} ${path} answers 500: ${JSON.stringify(reply.body)}`,
      );
    }
    return reply;
  }

  /** Asks until the answer is none of an outage: no answer, or 5xx. */
  async read<T = Record<string, unknown>>(path: string): Promise<Reply<T>> {
    for (;;) {
      try {
        const reply = await this.request<T>('GET', path);
        if (reply.status < 500) return reply;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
      }
      await delay(RETRY_AFTER);
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';

export type Job = Record<string, unknown> & { operations: Array<Record<string, unknown>> };

/** What is read of `GET …/controller`; Teraslice and Temposlice answer alike. */
export interface Progress {
  processed: number;
  failed: number;
  workers_active: number;
  workers_available: number;
}

const ENDED = ['completed', 'failed', 'stopped', 'terminated', 'rejected'];

/** The part of the REST API that a load needs. */
export class Client {
  constructor(readonly url: string) {}

  /** @throws Error unless the answer is a success */
  async request<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/v1${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(180_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  }

  /** Submits and starts a job; answers the id of its execution. */
  async submit(job: Job): Promise<string> {
    const answer = await this.request<{ job_id: string; ex_id?: string }>('POST', '/jobs', job);
    if (answer.ex_id !== undefined) return answer.ex_id;
    return (await this.request<{ ex_id: string }>('GET', `/jobs/${answer.job_id}/ex`)).ex_id;
  }

  /** Live numbers; undefined while there are none. */
  async progress(exId: string): Promise<Progress | undefined> {
    try {
      return (await this.request<Progress[]>('GET', `/ex/${exId}/controller`))[0];
    } catch {
      return undefined;
    }
  }

  /** @throws Error if the execution has ended before */
  async processed(exId: string, slices: number, pollMs = 20): Promise<void> {
    for (;;) {
      const progress = await this.progress(exId);
      if ((progress?.processed ?? 0) >= slices) return;
      if (!progress) await this.failIfEnded(exId);
      await delay(pollMs);
    }
  }

  /** Waits until it completes. @throws Error if it ends otherwise, or with another number of slices */
  async completed(exId: string, slices: number, pollMs = 20): Promise<void> {
    for (;;) {
      const execution = await this.execution(exId);
      if (ENDED.includes(execution._status)) {
        const processed = execution._slicer_stats?.processed;
        if (execution._status === 'completed' && processed === slices) return;
        throw new Error(
          `the execution ended ${execution._status} with ${processed} of ${slices} slices: ${execution._failureReason}`,
        );
      }
      await delay(pollMs);
    }
  }

  execution(
    exId: string,
  ): Promise<{ _status: string; _failureReason?: string; _slicer_stats?: { processed: number } }> {
    return this.request('GET', `/ex/${exId}`);
  }

  verb(exId: string, verb: string): Promise<unknown> {
    return this.request('POST', `/ex/${exId}/${verb}`);
  }

  private async failIfEnded(exId: string): Promise<void> {
    const { _status, _failureReason } = await this.execution(exId);
    if (ENDED.includes(_status)) throw new Error(`the execution ended ${_status}: ${_failureReason}`);
  }
}

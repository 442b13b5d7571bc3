/**
 * Looks at all executions all the time, over the REST API, and complains of what must never be seen.
 *
 * It sees a sample now and then, and none while the API is away; so a rule is one about any two samples: what the
 * later one may be, given the earlier one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ControllerStats } from '../../src/api/services/statistics.js';
import type { NodeState } from '../../src/api/services/cluster-state.js';
import { isTerminal, type ExecutionDocument, type ExecutionStatus } from '../../src/store/types.js';
import { NoAnswer, type Rest } from './rest.js';
import { mayBecome } from './transitions.js';
import type { Violations } from './violations.js';

const INTERVAL = 250;
const PATIENCE = 5_000;
/** Numbers of an execution that never sink. */
const RISING = ['issued', 'completed', 'failed', 'processed'] as const;

/** What was seen of an execution last. */
export interface Seen {
  status: ExecutionStatus;
  issued: number;
  completed: number;
  failed: number;
  processed: number;
  queuingComplete: boolean;
  /** When `processed` rose last. */
  progressAt: number;
}

export interface SeenHost {
  pid: number;
  exId: string;
  kind: 'worker' | 'slicer';
}

export class Monitor {
  readonly seen = new Map<string, Seen>();
  /** As of the last look. */
  hosts: SeenHost[] = [];
  /** When the API answered last. */
  answeredAt = 0;
  private readonly listeners = new Set<() => void>();
  private readonly stopped = new AbortController();
  private looping: Promise<void> | undefined;

  constructor(
    private readonly rest: Rest,
    private readonly violations: Violations,
  ) {}

  start(): void {
    this.looping = this.loop();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.looping;
  }

  /** Takes up an execution that was acknowledged. */
  watch(exId: string): void {
    if (this.seen.has(exId)) return;
    const numbers = { issued: 0, completed: 0, failed: 0, processed: 0 };
    this.seen.set(exId, { status: 'pending', ...numbers, queuingComplete: false, progressAt: 0 });
  }

  statusOf(exId: string): ExecutionStatus | undefined {
    return this.seen.get(exId)?.status;
  }

  /** Executions that had not ended when they were seen last. */
  active(): Array<[string, Seen]> {
    return [...this.seen].filter(([, { status }]) => !isTerminal(status));
  }

  /** Calls `listener` after each look until the function that is returned is called. */
  onLook(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Looks once at every execution, those that ended long ago too. */
  async lookAtAll(): Promise<void> {
    for (const [exId, seen] of this.seen) {
      this.take(seen, (await this.rest.read<ExecutionDocument>(`/v1/ex/${exId}`)).body);
    }
  }

  private async loop(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      try {
        await this.look();
        this.answeredAt = Date.now();
        for (const listener of [...this.listeners]) listener();
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
      }
      await delay(INTERVAL);
    }
  }

  private async look(): Promise<void> {
    for (const stats of await this.get<ControllerStats[]>('/v1/cluster/controllers')) {
      const seen = this.seen.get(stats.ex_id);
      if (seen) this.count(stats.ex_id, seen, stats);
    }
    const documents = await this.get<ExecutionDocument[]>('/v1/ex?size=200&sort=_created:desc');
    for (const [exId, seen] of this.active()) {
      const document = documents.find(({ ex_id }) => ex_id === exId);
      this.take(seen, document ?? (await this.get<ExecutionDocument>(`/v1/ex/${exId}`)));
    }
    const nodes = await this.get<Record<string, NodeState>>('/v1/cluster/state');
    this.hosts = Object.values(nodes).flatMap(({ active }) =>
      active.flatMap(({ pid, ex_id: exId, assignment }) =>
        exId === undefined ? [] : [{ pid, exId, kind: assignment === 'worker' ? 'worker' : 'slicer' }],
      ),
    );
  }

  /** @throws NoAnswer also if the answer is that of an outage */
  private async get<T>(path: string): Promise<T> {
    const { status, body } = await this.rest.request<T>('GET', path, undefined, PATIENCE);
    if (status === 200) return body;
    if (status < 500) this.violations.add('what was acknowledged is there', `GET ${path} answers ${status}`);
    throw new NoAnswer(`GET ${path} answers ${status}`);
  }

  private count(exId: string, seen: Seen, stats: ControllerStats): void {
    for (const number of RISING) {
      if (stats[number] < seen[number]) {
        this.violations.add(
          'numbers never sink',
          `${number} of ${exId}: ${seen[number]}, then ${stats[number]}`,
        );
      }
    }
    const { issued, completed, failed, pending, processed } = stats;
    if (issued !== completed + failed + pending || processed !== completed + failed) {
      const numbers = JSON.stringify({ issued, completed, failed, pending, processed });
      this.violations.add('the ledger balances', `${exId}: ${numbers}`);
    }
    if (processed > seen.processed) seen.progressAt = Date.now();
    Object.assign(seen, { issued, completed, failed, processed });
    seen.queuingComplete = stats.queuing_complete !== undefined;
  }

  private take(seen: Seen, document: ExecutionDocument): void {
    const { ex_id: exId, _status: status, _slicer_stats: stats } = document;
    if (!mayBecome(seen.status, status)) {
      this.violations.add('no status goes backwards', `${exId}: ${seen.status}, then ${status}`);
    }
    if (status !== seen.status && isTerminal(status)) {
      seen.progressAt = Date.now();
      // One that was terminated from outside ended with the numbers that had been written last.
      const final = stats.processed ?? 0;
      if (final < seen.processed) {
        this.violations.add(
          'numbers never sink',
          `processed of ${exId}: ${seen.processed}, ${final} at its end`,
        );
      }
      if (status === 'completed' && (stats.failed ?? 0) > 0) {
        this.violations.add('no false completed', `${exId} with ${stats.failed} failed slices`);
      }
    }
    seen.status = status;
  }
}

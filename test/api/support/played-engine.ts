import { EventEmitter, once } from 'node:events';
import { CodedError } from '../../../src/errors.js';
import type { Engine, Wish } from '../../../src/api/engine.js';
import type { Wanted } from '../../../src/workflows/types.js';
import type { ExecutionStatus, LedgerSnapshot, LedgerTally, Store } from '../../../src/store/types.js';

const WANTED: Partial<Record<Wish['signal'], Wanted>> = {
  pause: 'paused',
  resume: 'running',
  stop: 'stopped',
};

/** Plays the workflows' part: hears what the API wants and writes statuses into the real store. */
export class PlayedEngine implements Engine {
  readonly ledgers = new Map<string, LedgerSnapshot>();
  readonly submissions: string[] = [];
  readonly wishes: Array<{ exId: string } & Wish> = [];
  kicks = 0;
  /** Whether a submitted execution begins to run by itself, and after how many submissions. */
  startsAfter = 1;
  /** Whether wishes are fulfilled by themselves. */
  obedient = true;
  /** Thrown by `signal`, `replay` and `ledger` instead of an answer. */
  outage: Error | undefined;
  private readonly listeners = new EventEmitter();
  private readonly wants = new Map<string, Wanted>();
  private readonly seqs = new Map<string, number>();
  private work = Promise.resolve();

  constructor(private readonly store: Store) {}

  submitted(exId: string): void {
    this.submissions.push(exId);
    const times = this.submissions.filter((id) => id === exId).length;
    if (times === this.startsAfter) this.later(() => this.start(exId));
  }

  async signal(exId: string, wish: Wish): Promise<void> {
    if (this.outage) throw this.outage;
    if (!this.seqs.has(exId)) throw new CodedError('EX_NOT_ACTIVE', { ex_id: exId });
    this.wishes.push({ exId, ...wish });
    const wanted = WANTED[wish.signal];
    if (wanted !== undefined) this.wants.set(exId, wanted);
    this.listeners.emit(`${exId}/${wish.signal}`);
    if (this.obedient) this.later(() => this.fulfil(exId, wish));
  }

  async ledger(exId: string): Promise<LedgerSnapshot | undefined> {
    if (this.outage) throw this.outage;
    return this.ledgers.get(exId);
  }

  async tally(exId: string): Promise<LedgerTally | undefined> {
    const ledger = await this.ledger(exId);
    if (!ledger) return undefined;
    const { issued, completed, failed, pending, recovered } = ledger;
    return { issued, completed, failed, pending: pending.length, recovered };
  }

  async replay(exId: string, { id, filter }: { id: string; filter: string }): Promise<number> {
    if (this.outage) throw this.outage;
    if (!this.seqs.has(exId)) throw new CodedError('EX_NOT_ACTIVE', { ex_id: exId });
    const { from, to } = await this.store.failures.takeForReplay(exId, id, filter);
    return to - from;
  }

  async wanted(exId: string, _ms: number): Promise<Wanted | undefined> {
    return this.wants.get(exId);
  }

  /** When the execution's workflow is next told this. */
  async told(exId: string, signal: Wish['signal']): Promise<void> {
    await once(this.listeners, `${exId}/${signal}`);
  }

  kickPlacement(): void {
    this.kicks++;
  }

  async start(exId: string): Promise<void> {
    if (!(await this.store.executions.claim(exId, 1))) return;
    this.seqs.set(exId, 1);
    await this.move(exId, 'initializing');
    await this.move(exId, 'running');
  }

  async move(exId: string, status: ExecutionStatus): Promise<void> {
    await this.store.executions.setStatus(exId, this.next(exId), status);
  }

  async end(exId: string, status: ExecutionStatus, report: LedgerSnapshot | null = null): Promise<void> {
    const seq = this.next(exId);
    this.seqs.delete(exId);
    await this.store.executions.close(exId, seq, status, {}, report);
  }

  /** Once everything that was begun is written. */
  async idle(): Promise<void> {
    for (let work; work !== this.work;) {
      work = this.work;
      await work;
    }
  }

  private async fulfil(exId: string, wish: Wish): Promise<void> {
    if (!this.seqs.has(exId)) return;
    if (wish.signal === 'pause') await this.move(exId, 'paused');
    if (wish.signal === 'resume') await this.move(exId, 'running');
    if (wish.signal !== 'stop') return;
    await this.move(exId, 'stopping');
    await this.end(exId, 'stopped');
  }

  private next(exId: string): number {
    const seq = (this.seqs.get(exId) ?? 0) + 1;
    this.seqs.set(exId, seq);
    return seq;
  }

  private later(work: () => Promise<void>): void {
    this.work = this.work.then(work);
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal, type ExecutionDocument, type FailedSlice } from '../../src/store/types.js';
import type { LedgerReport } from '../../src/api/services/ledger.js';
import type { Random } from '../support/random.js';
import type { Reply } from '../support/stack.js';
import type { Monitor } from './monitor.js';
import { NoAnswer, type Rest } from './rest.js';
import type { TemporalProbe } from './temporal-probe.js';
import type { Violations } from './violations.js';
import { outputOf, type Work } from './work/work.js';

const LOOK_INTERVAL = 300;
const RETRY_AFTER = 500;
/** Time between two things that a person does to a job, in ms. */
const BETWEEN_DEEDS: [number, number] = [2_000, 9_000];
/** How long a pause lasts, in ms. */
const PAUSED: [number, number] = [500, 3_000];

export interface TrackTools {
  rest: Rest;
  monitor: Monitor;
  temporal: TemporalProbe;
  violations: Violations;
  say: (line: string) => void;
}

/**
 * One job and what a person does with it, from its submission to the check of its output:
 *
 *     submit ──▶ running ──(pause, resume, workers)──▶ … ──▶ ended ──▶ checked
 *                   ▲   └──stop or terminate──▶ ended        (persistent: stopped, then all that it owes recovered)
 *                   └───────────recover──────────┘
 *
 * An answer may be lost with the process that owed it, so each verb is followed by a look at what became of it.
 */
export class Track {
  /** Its executions, each but the first a recovery of the one before. */
  readonly executions: string[] = [];
  slices = 0;
  records = 0;
  private jobId = '';
  private finishing = false;
  /** What a person did to the latest execution: then it may end so, and is recovered. */
  private readonly cutOff = new Set<string>();

  constructor(
    readonly work: Work,
    private readonly tools: TrackTools,
    private readonly random: Random,
  ) {}

  get name(): string {
    return this.work.job.name as string;
  }

  /** From now on it is left to come to its end; a persistent job is stopped. */
  finish(): void {
    this.finishing = true;
  }

  /** Resolves when it was checked. */
  async run(): Promise<void> {
    await this.submit();
    let execution = await this.live();
    while (isCutOff(execution._status)) {
      if (!this.cutOff.delete(execution._status)) {
        this.complain(
          `nobody asked for it, but ${execution.ex_id} is ${execution._status}: ${execution._failureReason}`,
        );
      }
      this.cutOff.clear();
      const last = this.finishing && this.persistent;
      await this.recover(execution.ex_id, last ? '?cleanup_type=all' : '');
      execution = last ? await this.ended() : await this.live();
    }
    await this.check(execution);
  }

  private get persistent(): boolean {
    return this.work.job.lifecycle === 'persistent';
  }

  private get exId(): string {
    return this.executions.at(-1) ?? '';
  }

  private async submit(): Promise<void> {
    const { rest } = this.tools;
    for (;;) {
      const reply = await this.post<{ job_id: string; ex_id: string }>('/v1/jobs', this.work.job);
      if (reply?.status === 200) {
        this.jobId = reply.body.job_id;
        return this.begun(reply.body.ex_id);
      }
      if (reply && reply.status < 500) throw new Error(`the job was refused: ${JSON.stringify(reply.body)}`);
      // It may have been stored, with its execution or without.
      const { body: jobs } = await rest.read<Array<{ job_id: string; name: string }>>('/v1/jobs?size=10000');
      const stored = jobs.find(({ name }) => name === this.name);
      if (stored) {
        this.jobId = stored.job_id;
        return this.adopt('_start', undefined);
      }
      await delay(RETRY_AFTER);
    }
  }

  /** Makes sure that the latest execution is a later one than `before`. */
  private async adopt(verb: string, before: string | undefined): Promise<void> {
    for (;;) {
      const { status, body } = await this.tools.rest.read<ExecutionDocument>(`/v1/jobs/${this.jobId}/ex`);
      if (status === 200 && body.ex_id !== before) return this.begun(body.ex_id);
      const reply = await this.post<{ ex_id: string }>(`/v1/jobs/${this.jobId}/${verb}`);
      if (reply?.status === 200) return this.begun(reply.body.ex_id);
      if (reply && reply.status < 500 && reply.status !== 409) {
        throw new Error(
          `${verb} of job ${this.jobId} answers ${reply.status}: ${JSON.stringify(reply.body)}`,
        );
      }
      await delay(RETRY_AFTER);
    }
  }

  private recover(exId: string, query: string): Promise<void> {
    return this.adopt(`_recover${query}`, exId);
  }

  private begun(exId: string): void {
    this.say(`${this.executions.length === 0 ? this.work.kind : 'recovered'}, execution ${exId}`);
    this.executions.push(exId);
    this.tools.monitor.watch(exId);
  }

  /** Lets the latest execution run, and does things to it, until it has ended. */
  private async live(): Promise<ExecutionDocument> {
    let next = Date.now() + this.random.int(...BETWEEN_DEEDS);
    for (;;) {
      const execution = await this.look();
      if (isTerminal(execution._status)) return execution;
      if (this.finishing && this.persistent) {
        this.cutOff.add('stopped');
        await this.post(`/v1/ex/${this.exId}/_stop`);
      } else if (execution._status === 'paused') {
        // What was asked for in a pause whose answer was lost.
        await this.post(`/v1/ex/${this.exId}/_resume`);
      } else if (!this.finishing && Date.now() >= next) {
        await this.deed();
        next = Date.now() + this.random.int(...BETWEEN_DEEDS);
      }
      await delay(LOOK_INTERVAL);
    }
  }

  private async deed(): Promise<void> {
    const dice = this.random.next();
    if (dice < 0.3) await this.pause();
    else if (dice < 0.55) {
      const change = this.random.pick(['add=1', 'remove=1', 'total=1', 'total=3']);
      await this.post(`/v1/ex/${this.exId}/_workers?${change}`);
    } else if (dice < 0.67 && this.work.recoverable) {
      this.say('stop');
      this.cutOff.add('stopped');
      await this.post(`/v1/ex/${this.exId}/_stop`);
    } else if (dice < 0.72 && this.work.recoverable) {
      this.say('terminate');
      this.cutOff.add('terminated');
      await this.tools.temporal.terminate(this.exId);
    }
  }

  /** Once a pause was answered nothing is processed until it is taken back. */
  private async pause(): Promise<void> {
    const { monitor, violations } = this.tools;
    const reply = await this.post<{ status: string }>(`/v1/ex/${this.exId}/_pause`);
    if (reply?.status !== 200) return;
    const before = await this.processed();
    await delay(this.random.int(...PAUSED));
    const after = await this.processed();
    const still = before === undefined || after === undefined || before === after;
    if (this.work.stillWhenPaused && !still && monitor.statusOf(this.exId) === 'paused') {
      violations.add('paused is paused', `${this.exId} went from ${before} to ${after} processed slices`);
    }
    await this.post(`/v1/ex/${this.exId}/_resume`);
  }

  private async processed(): Promise<number | undefined> {
    const { status, body } = await this.tools.rest.read<Array<{ processed: number }>>(
      `/v1/ex/${this.exId}/controller`,
    );
    return status === 200 ? body[0]?.processed : undefined;
  }

  private async ended(): Promise<ExecutionDocument> {
    for (;;) {
      const execution = await this.look();
      if (isTerminal(execution._status)) return execution;
      await delay(LOOK_INTERVAL);
    }
  }

  private async look(): Promise<ExecutionDocument> {
    const { status, body } = await this.tools.rest.read<ExecutionDocument>(`/v1/ex/${this.exId}`);
    if (status !== 200) {
      this.complain(`its execution ${this.exId} was acknowledged and is not known: ${JSON.stringify(body)}`);
      throw new Error(`${this.exId} is gone`);
    }
    return body;
  }

  private async check(execution: ExecutionDocument): Promise<void> {
    this.say(`${execution._status}, ${execution._slicer_stats.processed} slices`);
    const { rest } = this.tools;
    const { body: errors } = await rest.read<FailedSlice[]>(`/v1/ex/${execution.ex_id}/errors?size=10000`);
    for (const complaint of this.work.complaints({ execution, errors })) this.complain(complaint);
    const { files, lines } = outputOf(this.work.output);
    this.slices = files;
    this.records = lines.length;
    await this.checkLedgers(files);
  }

  /** Each slice was counted as completed once, in one of the executions. Those with records have left one file each. */
  private async checkLedgers(files: number): Promise<void> {
    let completed = 0;
    for (const exId of this.executions) {
      const ledger = await this.ledger(exId);
      completed += ledger.completed;
      const numbers = JSON.stringify(ledger);
      if (!ledger.balanced) this.complain(`the ledger of ${exId} does not balance: ${numbers}`);
      if (ledger.status === 'completed' && ledger.issued !== ledger.completed) {
        this.complain(`${exId} is completed, and its ledger says ${numbers}`);
      }
    }
    const done = files + this.work.emptySlices;
    if (completed !== done) {
      this.complain(`${completed} slices were counted as completed, and ${done} were done`);
    }
  }

  /** 4xx would be an error of the test. */
  private async ledger(exId: string): Promise<LedgerReport> {
    const { status, body } = await this.tools.rest.read<LedgerReport>(`/v1/ex/${exId}/ledger`);
    if (status !== 200) throw new Error(`GET /v1/ex/${exId}/ledger answers ${status}`);
    return body;
  }

  private say(line: string): void {
    this.tools.say(`   ${this.name}: ${line}`);
  }

  private complain(detail: string): void {
    this.tools.violations.add(
      'exactly once, truthfully reported',
      `${this.name} (${this.work.kind}, executions ${this.executions.join(', ')}): ${detail}`,
    );
  }

  /** Undefined if nobody knows whether it happened. */
  private async post<T>(path: string, body?: unknown): Promise<Reply<T> | undefined> {
    try {
      return await this.tools.rest.request<T>('POST', path, body);
    } catch (error) {
      if (error instanceof NoAnswer) return undefined;
      throw error;
    }
  }
}

const isCutOff = (status: string): boolean => status === 'stopped' || status === 'terminated';

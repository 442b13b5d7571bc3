import type { Logger } from '../../logger.js';
import { type ActiveExecution, isTerminal, type Store } from '../../store/types.js';
import type { TemporalEngine } from './engine.js';

const INTERVAL_MS = 2_000;
/** Age that an active execution must have before a missing workflow means anything, in ms. */
const SETTLED_MS = 5_000;
/** Executions asked about at the same time. */
const PARALLEL = 10;
/** Pause between two looks for executions whose ledger is missing, in ms. */
const LEDGERS_MS = 60_000;
/** Higher than any number that a workflow gives its own writes. */
const LAST_SEQ = 2_000_000_000;

/**
 * Keeps store and Temporal one truth, at boot and ever after.
 *
 *     pending, without a workflow                   → the workflow is started
 *     active, workflow closed, or twice not known   → terminated, with the reason; its ledger is kept
 *     terminated, without a ledger                  → its ledger is kept, at boot and once a minute
 *     terminated, with a workflow that goes on      → the workflow is ended, too
 */
export class Reconciler {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private readonly keeping = new Map<string, Promise<void>>();
  /** Active executions whose workflow Temporal did not know in the last round. */
  private missing = new Set<string>();
  /** Executions of which nobody has a ledger. */
  private readonly lost = new Set<string>();
  private lookedForLedgers = -Infinity;

  constructor(
    private readonly store: Store,
    private readonly engine: TemporalEngine,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      this.running ??= this.run().finally(() => {
        this.running = undefined;
      });
    }, INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
    await Promise.all(this.keeping.values());
  }

  private async run(): Promise<void> {
    try {
      const active = await this.store.executions.active();
      const missing = new Set<string>();
      const failures: unknown[] = [];
      for (let at = 0; at < active.length; at += PARALLEL) {
        const batch = active.slice(at, at + PARALLEL);
        const results = await Promise.allSettled(batch.map((one) => this.check(one, missing)));
        const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
        // One that cannot be asked about says nothing about the others; a whole batch, that Temporal is away.
        if (reasons.length === PARALLEL) throw reasons[0];
        failures.push(...reasons);
      }
      this.missing = missing;
      await this.lookForLedgers();
      if (failures.length > 0) throw failures[0];
    } catch (error) {
      this.logger.warn({ err: error }, 'store and Temporal could not be compared; it is tried again');
    }
  }

  private async check(execution: ActiveExecution, missing: Set<string>): Promise<void> {
    const { ex_id: exId, _status: status, _updated: updated } = execution;
    if (status === 'pending') this.engine.submitted(exId);
    if (Date.now() - Date.parse(updated) < SETTLED_MS) return;
    const workflow = await this.engine.describe(exId);
    if (status === 'pending' && !workflow) return;
    if (workflow?.status.name === 'RUNNING') return;
    // A terminated execution cannot be taken back: one answer that may be a slip is not enough.
    if (!workflow && !this.missing.has(exId)) {
      missing.add(exId);
      return;
    }
    // It may have closed in order since the row was read.
    const current = await this.store.executions.get(exId);
    if (!current || isTerminal(current.doc._status)) return;
    const how = workflow ? `was ${workflow.status.name.toLowerCase()}` : 'is not known to Temporal';
    const reason = `the workflow of execution ${exId} ${how} before the execution had ended`;
    this.logger.warn({ ex_id: exId }, reason);
    await this.store.executions.setStatus(exId, LAST_SEQ, 'terminated', {
      _failureReason: reason,
      _has_errors: true,
      ...(current.counters ? { _slicer_stats: current.counters.stats } : {}),
    });
    if (workflow) this.keep(exId);
  }

  /** A master may have died, or Temporal been away, between the last status and the ledger. */
  private async lookForLedgers(): Promise<void> {
    if (Date.now() - this.lookedForLedgers < LEDGERS_MS) return;
    for (const exId of await this.store.executions.unreported()) if (!this.lost.has(exId)) this.keep(exId);
    this.lookedForLedgers = Date.now();
  }

  private keep(exId: string): void {
    if (this.keeping.has(exId)) return;
    const kept = this.keepLedger(exId).finally(() => this.keeping.delete(exId));
    this.keeping.set(exId, kept);
  }

  /**
   * Asks a workflow that could not report itself for its ledger: it is needed for a recovery, which may be
   * wanted when Temporal has forgotten the workflow.
   */
  private async keepLedger(exId: string): Promise<void> {
    try {
      const workflow = await this.engine.describe(exId);
      if (workflow?.status.name === 'RUNNING') {
        await this.engine.terminate(exId, 'the execution has ended: it is `terminated` in the store');
      }
      const ledger = await this.engine.ledger(exId);
      if (ledger) await this.store.executions.setReport(exId, ledger);
      else this.lost.add(exId);
    } catch (error) {
      this.logger.warn({ err: error, ex_id: exId }, 'the ledger of an execution could not be kept');
    }
  }
}

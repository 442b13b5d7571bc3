import type { Ledger } from './ledger.js';
import { Probation, type ProbationState } from './probation.js';
import type { StatusLog } from './status-log.js';
import type { ExecutionSettings } from './types.js';

/**
 * Whether an execution is shown as `failing`.
 *
 *     running, recovering → (a slice failed) → failing → (none is failed any more, or probation passed) → running
 *                                                 ↑
 *     paused → (failed before or in the pause) ───┘
 *
 * Only those that are persistent come back by the time that passes.
 */
export class Failing {
  private readonly persistent: boolean;
  private readonly probation: Probation;

  /** @param probation that was carried */
  constructor(
    private readonly exId: string,
    settings: Pick<ExecutionSettings, 'lifecycle' | 'probationWindow'>,
    private readonly ledger: Ledger,
    private readonly log: StatusLog,
    probation?: ProbationState | null,
  ) {
    this.persistent = settings.lifecycle === 'persistent';
    this.probation = new Probation(settings.probationWindow, ledger, () => this.over(), probation);
  }

  /** Goes on with a probation that was carried, if there is one. */
  watch(): void {
    this.probation.watch();
  }

  /** A slice was recorded as failed. */
  sliceFailed(): void {
    const { status } = this.log;
    if (status === 'running' || status === 'recovering') this.show();
    if (this.persistent) this.probation.begin();
  }

  /** Failed slices were taken up again. */
  takenUp(): void {
    if (this.ledger.failed === 0) this.over();
  }

  /** Slices may have failed before the pause, or in it: those that outlasted their lease go on. */
  resumed(): void {
    if (this.persistent ? this.probation.state : this.ledger.failed > 0) this.show();
    else this.log.move('running');
  }

  state(): ProbationState | null {
    return this.probation.state;
  }

  private show(): void {
    const why = this.persistent ? 'slice failure watch dog' : 'slice failure event';
    this.log.move('failing', `execution ${this.exId} has encountered a processing error, reason: ${why}`);
  }

  private over(): void {
    if (this.log.status === 'failing') this.log.move('running');
  }
}

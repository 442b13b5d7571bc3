import * as wf from '@temporalio/workflow';
import { master, messageOf } from './calls.js';
import type { Ledger } from './ledger.js';
import type { ParkedSlices } from './parked-slices.js';
import type { FailedSliceInput, ReplayRequest } from './types.js';

/** What the run hears of its failed slices. */
interface Listener {
  /** Some were counted. */
  sliceFailed(): void;
  /** The store will not have them, and what is not recorded cannot be counted. */
  refused(reason: string): void;
  /** Some, or all, are failed no more. */
  takenUp(): void;
  changed(): void;
}

/**
 * Failed slices of an execution, on their way into the store and out of it again.
 *
 *     failed → recorded → counted → (replay) → parked behind the recovered slices: pending
 *        └──→ refused by the store
 *
 * The ways exclude each other: a failure that is written late, and once more, must not meet its slice taken up again
 * already.
 */
export class FailedSlices {
  /** Failures on their way into the store. */
  private recordings = 0;
  /** Requests to take failed slices up again that are not answered yet. */
  private replays = 0;

  constructor(
    private readonly exId: string,
    private readonly ledger: Ledger,
    private readonly parked: ParkedSlices,
    private readonly listener: Listener,
  ) {}

  /** Some are being taken up again. */
  get replaying(): boolean {
    return this.replays > 0;
  }

  /** Records them, before they are counted. False: the store will not have them. */
  async record(slices: FailedSliceInput[]): Promise<boolean> {
    if (this.replays > 0) await wf.condition(() => this.replays === 0);
    this.recordings++;
    try {
      await master.recordFailures({ exId: this.exId, slices, read: this.parked.read });
      return true;
    } catch (error) {
      this.listener.refused(messageOf(error) ?? 'failed slices cannot be stored');
      return false;
    } finally {
      this.recordings--;
    }
  }

  /** They are counted in the ledger. */
  counted(): void {
    this.listener.sliceFailed();
  }

  /** Takes failed slices up again: from here on they are pending. Answers how many there are. */
  async replay(request: ReplayRequest): Promise<number> {
    this.replays++;
    try {
      await wf.condition(() => this.recordings === 0);
      const { from, to, base } = await master.takeFailures({ exId: this.exId, ...request });
      this.ledger.reopen(this.parked.extend(to, base ?? (this.parked.end || from)));
      this.listener.takenUp();
      return to - from;
    } finally {
      this.replays--;
      this.listener.changed();
    }
  }
}

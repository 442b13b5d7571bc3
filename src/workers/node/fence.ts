import type { NativeConnection } from '@temporalio/worker';
import type { FenceState } from '../../store/types.js';

const PING_MS = 1_000;
/** Silence of Temporal after which hosts are fed nothing, in ms. */
const HOLD_MS = 5_000;

/**
 * Whether this node can still reach Temporal.
 *
 *     connected → (5 s of silence) → holding: no work is taken up → (fence timeout) → fenced: worker hosts end
 *         ↑───────────────(an answer)──────────┴──────────────────────────┘
 *
 * The node asks for itself, because the SDK tells it nothing. An answer counts from when its question was
 * sent: a node that was suspended must not believe an answer that waited for it.
 */
export class Fence {
  private lastContact = now();
  private timer: NodeJS.Timeout | undefined;
  private told: FenceState = 'connected';
  private asking = false;

  constructor(
    private readonly connection: NativeConnection,
    private readonly fenceTimeout: number,
    private readonly onChange: (state: FenceState) => void,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.tick(), PING_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  connected(): boolean {
    return this.state() === 'connected';
  }

  private state(): FenceState {
    const { wall, running } = now();
    // The time that a machine slept is only on one of the clocks, and the other one can be set.
    const silence = Math.max(wall - this.lastContact.wall, running - this.lastContact.running);
    if (silence >= this.fenceTimeout) return 'fenced';
    return silence < HOLD_MS ? 'connected' : 'holding';
  }

  private tell(): void {
    const state = this.state();
    if (state === this.told) return;
    this.told = state;
    this.onChange(state);
  }

  private async tick(): Promise<void> {
    this.tell();
    if (this.asking) return;
    this.asking = true;
    const sent = now();
    try {
      await this.connection.withDeadline(Date.now() + HOLD_MS, () =>
        this.connection.workflowService.getSystemInfo({}),
      );
      this.lastContact = sent;
      this.tell();
    } catch {
      // Silence: the next tick counts it.
    } finally {
      this.asking = false;
    }
  }
}

const now = (): { wall: number; running: number } => ({ wall: Date.now(), running: performance.now() });

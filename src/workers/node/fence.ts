import type { NativeConnection } from '@temporalio/worker';

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
  private lastContact = Date.now();
  private timer: NodeJS.Timeout | undefined;
  private fenced = false;
  private asking = false;

  constructor(
    private readonly connection: NativeConnection,
    private readonly fenceTimeout: number,
    private readonly onFenced: () => void,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.tick(), PING_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  connected(): boolean {
    return Date.now() - this.lastContact < HOLD_MS;
  }

  private async tick(): Promise<void> {
    const silence = Date.now() - this.lastContact;
    if (silence >= this.fenceTimeout && !this.fenced) {
      this.fenced = true;
      this.onFenced();
    }
    if (this.asking) return;
    this.asking = true;
    const sent = Date.now();
    try {
      await this.connection.withDeadline(sent + HOLD_MS, () =>
        this.connection.workflowService.getSystemInfo({}),
      );
      this.lastContact = Math.max(this.lastContact, sent);
      this.fenced = false;
    } catch {
      // Silence: the next tick counts it.
    } finally {
      this.asking = false;
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../logger.js';
import { ConfigurationError } from '../configuration-error.js';
import { reasonOf } from '../first-contact.js';
import type { FenceState, NodeRow } from '../../store/types.js';
import type { MasterClient, PresenceRequest, PresenceResponse } from './master-client.js';

/** Longest time between two presences, in ms. */
const INTERVAL_MS = 1_000;

interface Source {
  reports(): Pick<PresenceRequest, 'hosts' | 'hopeless'>;
  answered(response: PresenceResponse): void;
  /** No master has answered for the fence timeout; said again each time that long. */
  abandoned(): void;
  /** Another node has this one's id: it cannot go on. */
  replaced(error: ConfigurationError): void;
}

/**
 * Tells a master what this node is and does, and hears what it should do.
 *
 *     asking (held by the master until something changes, at most a second) → answered → asking
 *        │                                                                  → replaced: the node ends
 *        └─ a change here cuts the wait short
 *
 * A node that cannot reach a master keeps what it has.
 */
export class Presence {
  private known = '';
  private stopped = false;
  private dirty = false;
  private held = false;
  private waiting: AbortController | undefined;
  private loop: Promise<void> | undefined;
  /** Why no master answers, as it was logged. */
  private unreachable: string | undefined;
  private lastAnswer = Date.now();

  constructor(
    private readonly master: MasterClient,
    private readonly node: Omit<NodeRow, 'seen'>,
    private readonly source: Source,
    private readonly fenceTimeout: number,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.loop = this.run();
  }

  /** Something changed here that a master should hear at once. */
  changed(): void {
    this.dirty = true;
    // Only a request that is held: one that will be answered at once must be, however fast things change.
    if (this.held) this.waiting?.abort();
  }

  /** The node takes no new hosts from now on. */
  drain(): void {
    this.node.draining = true;
    this.changed();
  }

  /** Whether the node reaches Temporal has changed. */
  fence(state: FenceState): void {
    this.node.fence = state;
    this.changed();
  }

  /** Says goodbye with the ends of all hosts. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.waiting?.abort();
    await this.loop;
    await this.ask(0, AbortSignal.timeout(2_000)).catch(() => undefined);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.waiting = new AbortController();
      const wait = this.dirty ? 0 : INTERVAL_MS;
      this.dirty = false;
      this.held = wait > 0;
      try {
        await this.ask(wait, this.waiting.signal);
        if (this.unreachable) this.logger.info('a master answers again');
        this.unreachable = undefined;
      } catch (error) {
        if (error instanceof ConfigurationError) return this.source.replaced(error);
        if (this.waiting.signal.aborted) continue;
        this.complain(error);
        if (Date.now() - this.lastAnswer > this.fenceTimeout) {
          this.lastAnswer = Date.now();
          this.source.abandoned();
        }
        await delay(INTERVAL_MS / 2);
      }
    }
  }

  /** Once for each reason in a row: a master that is there at last may refuse this node's token. */
  private complain(error: unknown): void {
    const reason = reasonOf(error);
    if (reason !== this.unreachable) this.logger.warn({ err: error }, 'no master answers; hosts go on');
    this.unreachable = reason;
  }

  private async ask(wait: number, signal: AbortSignal): Promise<void> {
    const response = await this.master.presence(
      { node: this.node, ...this.source.reports(), known: this.known, wait },
      signal,
    );
    this.known = response.version;
    this.lastAnswer = Date.now();
    this.source.answered(response);
  }
}

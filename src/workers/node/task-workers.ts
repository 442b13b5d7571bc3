import {
  Worker,
  type ActivitySlotInfo,
  type CustomSlotSupplier,
  type NativeConnection,
  type WorkerOptions,
} from '@temporalio/worker';
import { wellFormedFailures } from '../../activities/well-formed-failures.js';
import type { Logger } from '../../logger.js';
import { dataConverter } from '../payload-codec.js';

/** Most polls that one execution keeps open on one node. */
const MAX_POLLERS = 100;

/** A Temporal worker that this process runs, with its end. */
interface RunningWorker {
  worker: Worker;
  ended: Promise<void>;
}

type Activities = NonNullable<WorkerOptions['activities']>;

export interface QueueOptions {
  activities: Activities;
  /** Slots for activities: a number, or a supplier that counts hosts. */
  slots: number | CustomSlotSupplier<ActivitySlotInfo>;
  pollers: number;
}

/**
 * The activity workers of a node, one a task queue.
 *
 *     absent → creating → polling → shutting down → absent
 *
 * The SDK allows one worker a queue and connection, so a queue that is wanted again while it shuts down
 * is opened after that.
 */
export class TaskWorkers {
  private readonly workers = new Map<string, Promise<RunningWorker | undefined>>();
  private readonly closing = new Map<string, Promise<void>>();

  constructor(
    private readonly connection: NativeConnection,
    private readonly namespace: string,
    private readonly identity: string,
    private readonly logger: Logger,
  ) {}

  has(queue: string): boolean {
    return this.workers.has(queue);
  }

  queues(): string[] {
    return [...this.workers.keys()];
  }

  open(queue: string, options: QueueOptions): void {
    if (this.workers.has(queue)) return;
    const opened: Promise<RunningWorker | undefined> = this.create(queue, options, () => {
      // Meanwhile it may have been closed, and another opened.
      if (this.workers.get(queue) === opened) this.workers.delete(queue);
    });
    this.workers.set(queue, opened);
  }

  async close(queue: string): Promise<void> {
    const opening = this.workers.get(queue);
    if (!opening) return this.closing.get(queue);
    this.workers.delete(queue);
    const closed: Promise<void> = (async () => {
      const running = await opening;
      if (running?.worker.getState() === 'RUNNING') running.worker.shutdown();
      await running?.ended;
    })().finally(() => {
      if (this.closing.get(queue) === closed) this.closing.delete(queue);
    });
    this.closing.set(queue, closed);
    return closed;
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.queues().map((queue) => this.close(queue)), ...this.closing.values()]);
  }

  private async create(
    queue: string,
    options: QueueOptions,
    failed: () => void,
  ): Promise<RunningWorker | undefined> {
    await this.closing.get(queue);
    try {
      const worker = await Worker.create({
        connection: this.connection,
        namespace: this.namespace,
        identity: this.identity,
        taskQueue: queue,
        activities: options.activities,
        dataConverter,
        interceptors: { activity: [wellFormedFailures] },
        activityTaskPollerBehavior: {
          type: 'simple-maximum',
          maximum: Math.min(Math.max(options.pollers, 1), MAX_POLLERS),
        },
        ...(typeof options.slots === 'number'
          ? { maxConcurrentActivityTaskExecutions: options.slots }
          : {
              tuner: {
                workflowTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
                localActivityTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
                nexusTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
                activityTaskSlotSupplier: options.slots,
              },
            }),
        maxHeartbeatThrottleInterval: '500ms',
        defaultHeartbeatThrottleInterval: '500ms',
        shutdownGraceTime: '70s',
        shutdownForceTime: '75s',
      });
      const ended = worker.run().catch((error: unknown) => {
        this.logger.error({ err: error, queue }, 'a Temporal worker failed; it will be opened again');
        failed();
      });
      return { worker, ended };
    } catch (error) {
      this.logger.error(
        { err: error, queue },
        'a Temporal worker could not be created; it will be tried again',
      );
      failed();
      return undefined;
    }
  }
}

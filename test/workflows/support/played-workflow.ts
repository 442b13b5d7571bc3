import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type {
  ExecutionSettings,
  MasterActivities,
  NodeActivities,
  WaitingActivities,
} from '../../../src/workflows/types.js';

type Activities = MasterActivities & WaitingActivities & NodeActivities;

/** Longest that a pause of the workflow really lasts, in ms. */
const LONGEST_PAUSE_MS = 2;

class ActivityFailure extends Error {
  constructor(override readonly cause: Error) {
    super('Activity task failed');
  }
}

class ApplicationFailure extends Error {
  constructor(
    message: string,
    readonly type: string,
  ) {
    super(message);
  }

  static nonRetryable = (message: string, type: string): ApplicationFailure =>
    new ApplicationFailure(message, type);
}

class CancelledFailure extends Error {}

class TimeoutFailure extends Error {}

/** What `continueAsNew` was given: it ends a run. */
export class ContinuedAsNew extends Error {
  constructor(readonly input: unknown) {
    super('continued as new');
  }
}

class CancellationScope {
  private reject: (error: Error) => void = () => undefined;
  private readonly cancelled = new Promise<never>((_, reject) => (this.reject = reject));

  constructor() {
    this.cancelled.catch(() => undefined);
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return Promise.race([work(), this.cancelled]);
  }

  cancel(): void {
    this.reject(new CancelledFailure('cancelled'));
  }
}

/**
 * The workflow's code outside of Temporal: the SDK is replaced before anything imports it, activities are functions,
 * and pauses are noted and cut short. For what only shows when activities answer in a certain order; that
 * histories can be replayed is for `test/histories` to say.
 */
export class PlayedWorkflow {
  /** Pauses in ms, as the workflow asked for them. */
  readonly pauses: number[] = [];
  /** Leases that masters were told are cancelled, with all before them. */
  readonly cancelled: number[] = [];
  historyLength = 0;
  /** Time in ms by which the clock was put forward. */
  private skipped = 0;
  private skips = false;

  /** @param activities those that the run will call; a missing one fails the test */
  constructor(readonly activities: Partial<Activities>) {
    jest.unstable_mockModule('@temporalio/workflow', () => this.sdk());
  }

  /** Puts the clock forward where the workflow would wait for a time; to be undone with `jest.restoreAllMocks`. */
  skipTime(): void {
    const now = Date.now.bind(Date);
    this.skips = true;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + this.skipped);
  }

  private async condition(met: () => boolean, ms = Infinity): Promise<boolean> {
    const end = Date.now() + ms;
    while (!met() && Date.now() < end) {
      await delay(1);
      if (this.skips && ms !== Infinity && !met()) this.skipped += end - Date.now();
    }
    return met();
  }

  private sdk() {
    const { activities } = this;
    const proxy = (): object =>
      new Proxy(
        {},
        {
          get: (_, name: keyof Activities) => async (input: never) => {
            const activity = activities[name];
            if (!activity) throw new Error(`nobody plays ${name}`);
            try {
              // As if it had crossed a wire.
              return structuredClone(await activity(structuredClone(input)));
            } catch (error) {
              const { message, type } = error as { message: string; type?: string };
              throw new ActivityFailure(type ? new ApplicationFailure(message, type) : new Error(message));
            }
          },
        },
      );
    return {
      ActivityFailure,
      ApplicationFailure,
      TimeoutFailure,
      CancelledFailure,
      CancellationScope,
      ActivityCancellationType: {},
      isCancellation: (error: unknown) => error instanceof CancelledFailure,
      patched: () => true,
      condition: (met: () => boolean, ms?: number) => this.condition(met, ms),
      sleep: (ms: number) => {
        this.pauses.push(ms);
        return delay(Math.min(ms, LONGEST_PAUSE_MS));
      },
      proxyActivities: proxy,
      proxySinks: () => ({
        counters: { report: () => undefined },
        leases: { cancelled: (_exId: string, lease: number) => void this.cancelled.push(lease) },
      }),
      workflowInfo: () => ({ historyLength: this.historyLength, continueAsNewSuggested: false }),
      setCurrentDetails: () => undefined,
      upsertSearchAttributes: () => undefined,
      continueAsNew: (input: unknown) => Promise.reject(new ContinuedAsNew(input)),
    };
  }
}

/** What most executions claim. */
export const SETTINGS: ExecutionSettings = {
  lifecycle: 'once',
  workers: 2,
  maxRetries: 3,
  probationWindow: 1_000,
  stateful: false,
  maxFailedSlices: null,
  recovery: null,
};

import * as wf from '@temporalio/workflow';
import type { LedgerSnapshot, LedgerTally } from '../store/types.js';
import { ExecutionRun } from './run.js';
import type { ExecutionInput, ReplayRequest, Wanted } from './types.js';

export const pause = wf.defineSignal('pause');
export const resume = wf.defineSignal('resume');
export const stop = wf.defineSignal('stop');
export const setWorkers = wf.defineSignal<[number]>('setWorkers');
export const setLogLevel = wf.defineSignal<[string]>('setLogLevel');
/** The hosts of this execution cannot be started: it ends `failed`, with this reason. */
export const hostsFailed = wf.defineSignal<[string]>('hostsFailed');
/** Takes failed slices up again; answers how many. */
export const replay = wf.defineUpdate<number, [ReplayRequest]>('replay');
export const ledger = wf.defineQuery<LedgerSnapshot | null>('ledger');
/** What the callers of pause, resume and stop want of it, as the last one of them said. */
export const wanted = wf.defineQuery<Wanted>('wanted');
export const tally = wf.defineQuery<LedgerTally | null>('tally');

/**
 * One execution of a job, from the claim of its row in the store to its final report.
 *
 * Handlers only set what is wanted. Everything runs in one scope that cannot be cancelled: cancelling
 * the workflow, from Temporal's Web UI for instance, means stop. It answers with the final status.
 */
export async function execution(input: ExecutionInput): Promise<string> {
  const run = new ExecutionRun(input);
  wf.setHandler(pause, () => run.want('paused'));
  wf.setHandler(resume, () => run.want('running'));
  wf.setHandler(stop, () => run.want('stopped'));
  wf.setHandler(setWorkers, (workers) => run.setWorkers(workers));
  wf.setHandler(setLogLevel, (level) => run.setLogLevel(level));
  wf.setHandler(hostsFailed, (reason) => run.hostsFailed(reason));
  wf.setHandler(replay, (request) => run.replay(request), {
    validator: (_request: ReplayRequest) => run.refuseReplay(),
  });
  wf.setHandler(ledger, () => run.snapshot());
  wf.setHandler(wanted, () => run.wants());
  wf.setHandler(tally, () => run.tally());
  wf.CancellationScope.current().cancelRequested.catch(() => run.want('stopped'));
  return wf.CancellationScope.nonCancellable(() => run.run());
}

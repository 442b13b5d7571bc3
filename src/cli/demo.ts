import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createStack, stopOnSignals, type StartOptions } from '../workers/start.js';
import { prepareDemoJob, type DemoJob } from './demo-job.js';
import { createDisplay } from './demo-progress.js';
import { leave, tell } from '../leave.js';
import { isTerminal } from '../store/types.js';

/** What the demo reads of `GET /v1/ex/{id}`. */
interface Execution {
  _status: string;
  _failureReason?: string;
  _created: string;
  _updated: string;
  _slicer_stats: { processed?: number; failed?: number; records?: number[] };
}

/** What the demo reads of `GET /v1/ex/{id}/slicer`. */
interface Controller {
  issued: number;
  completed: number;
  failed: number;
  records: number[];
  queuing_complete?: string;
}

export interface DemoOptions extends StartOptions {
  /** Stop everything when the job has ended, also in a terminal. */
  exit: boolean;
}

/**
 * Starts the stack, runs the example job over the REST API and says what became of it. In a terminal the stack
 * goes on until Ctrl-C; else it is stopped, and the exit code is 0 only if the job completed and its output is
 * what it must be.
 */
export async function runDemo({ exit, ...options }: DemoOptions): Promise<void> {
  const { dataDir } = options.settings;
  const logFile = join(dataDir, 'logs', 'temposlice.log');
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  const stack = createStack({ ...options, output: openSync(logFile, 'a') });
  stopOnSignals(stack);
  try {
    tell(`Starting Temporal, a master and a node (log: ${logFile}) …`);
    await stack.start();
    const job = await prepareDemoJob(dataDir);
    tell(
      `Submitting "${job.spec.name}" (${job.records.toLocaleString('en-US')} records) to ${stack.apiUrl}/v1/jobs`,
    );
    const succeeded = await Promise.race([runJob(stack.apiUrl, job, uiOf(stack.settings)), stack.failed]);
    if (!exit && process.stdout.isTTY) {
      tell(`\nThe REST API goes on at ${stack.apiUrl}. Ctrl-C stops everything.`);
      await stack.failed;
    }
    await stack.stop();
    process.exit(succeeded ? 0 : 1);
  } catch (error) {
    if (stack.stopping) return;
    await stack.stop();
    tell(`The demo cannot go on; its log is ${logFile}.`);
    leave(error);
  }
}

const uiOf =
  ({ temporalUiUrl, namespace }: StartOptions['settings']) =>
  (exId: string): string =>
    temporalUiUrl ? `${temporalUiUrl}/namespaces/${namespace}/workflows/${exId}` : 'no Web UI is running';

async function runJob(api: string, job: DemoJob, ui: (exId: string) => string): Promise<boolean> {
  const answer = await fetch(`${api}/v1/jobs`, { method: 'POST', body: JSON.stringify(job.spec) });
  if (!answer.ok) throw new Error(`the job was refused: ${await answer.text()}`);
  const { ex_id } = (await answer.json()) as { ex_id: string };
  const execution = await follow(`${api}/v1/ex/${ex_id}`, job);
  const completed = execution._status === 'completed';
  const check = await job.verify().catch((error: Error) => error);
  const { processed = 0, failed = 0 } = execution._slicer_stats;
  const seconds = (Date.parse(execution._updated) - Date.parse(execution._created)) / 1_000;
  const count = (value: number): string => value.toLocaleString('en-US');
  tell(
    [
      '',
      `Status       ${execution._status}${execution._failureReason ? `: ${execution._failureReason}` : ''}`,
      `Slices       ${count(processed)} processed, ${count(failed)} failed`,
      `Records      ${count(execution._slicer_stats.records?.[0] ?? 0)} in, ${check instanceof Error ? 'none' : count(check.exported)} out`,
      `Checked      ${verdict(check)}`,
      `Duration     ${seconds.toFixed(1)} s`,
      `Output       ${job.output}`,
      `Execution    ${api}/v1/ex/${ex_id}`,
      `Temporal UI  ${ui(ex_id)}`,
    ].join('\n'),
  );
  return completed && !(check instanceof Error) && check.missing.length + check.surplus.length === 0;
}

function verdict(check: Awaited<ReturnType<DemoJob['verify']>> | Error): string {
  if (check instanceof Error) return `no: ${check.message}`;
  const { missing, surplus, expected } = check;
  if (missing.length + surplus.length === 0)
    return 'every record of the data set that must be there, exactly once';
  return `${missing.length} of ${expected} records missing, ${surplus.length} too many`;
}

/** Shows the progress until the execution has ended. An API that does not answer for a moment is asked again. */
async function follow(url: string, job: DemoJob): Promise<Execution> {
  const display = createDisplay(process.stdout);
  const interval = process.stdout.isTTY ? 200 : 1_000;
  let records = 0;
  try {
    for (;;) {
      const execution = await read<Execution>(url);
      const [live] = (await read<Controller[]>(`${url}/slicer`)) ?? [];
      if (execution && isTerminal(execution._status)) {
        const { processed = 0, failed = 0 } = execution._slicer_stats;
        records = execution._slicer_stats.records?.[0] ?? records;
        display.show({
          status: execution._status,
          slices: processed,
          totalSlices: processed,
          failed,
          records,
        });
        return execution;
      }
      if (execution && live) {
        records = live.records[0] ?? 0;
        const totalSlices = live.queuing_complete ? live.issued : Math.max(live.issued, job.slices);
        const slices = live.completed + live.failed;
        display.show({ status: execution._status, slices, totalSlices, failed: live.failed, records });
      }
      await delay(interval);
    }
  } finally {
    display.close();
  }
}

async function read<T>(url: string): Promise<T | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? ((await response.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}

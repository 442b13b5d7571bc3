import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

const { History } = temporal.api.history.v1;

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const CHILD = pathOf('./replay-child.mjs');
/** The workflow as it is built now. */
export const BUNDLE = pathOf('../../dist/workflows/bundle.js');

/** One run of an execution's workflow, its history as JSON. */
export interface Recording {
  workflowId: string;
  history: { events: Array<{ eventType: string; [attributes: string]: unknown }> };
}

/** The histories of all runs of these executions, each execution's first run first. */
export async function historiesOf(temporal: string, exIds: string[]): Promise<Recording[]> {
  const connection = await Connection.connect({ address: temporal });
  try {
    const { workflow } = new Client({ connection });
    const recordings: Recording[] = [];
    for (const workflowId of exIds) {
      let runId = await firstRunOf(workflow.getHandle(workflowId));
      while (runId) {
        const history = await workflow.getHandle(workflowId, runId).fetchHistory();
        recordings.push({ workflowId, history: toJson(history) });
        runId = nextRunOf(history);
      }
    }
    return recordings;
  } finally {
    await connection.close();
  }
}

async function firstRunOf(handle: WorkflowHandle): Promise<string> {
  const { raw } = await handle.describe();
  return raw.workflowExecutionInfo?.firstRunId ?? '';
}

/** `historyToJSON` of the SDK would do, if its packages shared one copy of protobufjs. */
const toJson = (history: temporal.api.history.v1.IHistory): Recording['history'] =>
  History.toObject(History.fromObject(history), {
    enums: String,
    longs: String,
    bytes: String,
  }) as Recording['history'];

const nextRunOf = (history: temporal.api.history.v1.IHistory): string =>
  history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? '';

/** Replays histories with a workflow; gives the error of each, or null. */
export async function replay(recordings: Recording[], bundle = BUNDLE): Promise<Array<string | null>> {
  const folder = mkdtempSync(join(tmpdir(), 'temposlice-replay-'));
  try {
    const file = join(folder, 'histories.json');
    writeFileSync(file, JSON.stringify(recordings));
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, bundle, file]);
    return JSON.parse(stdout) as Array<string | null>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

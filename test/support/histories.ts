import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { TestStack } from './stack.js';

const { History } = proto.temporal.api.history.v1;

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const CHILD = pathOf('./replay-child.mjs');
/** The workflow as it is built now. */
export const BUNDLE = pathOf('../../dist/workflows/bundle.js');

/** One run of an execution's workflow, its history as JSON. */
export interface Recording {
  workflowId: string;
  history: { events: Array<{ eventType: string; [attributes: string]: unknown }> };
}

/** Gives a client of the stack's Temporal server while it is used. */
export async function withClient<T>(temporal: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: temporal });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

async function firstRunOf({ workflow }: Client, workflowId: string): Promise<string> {
  const { raw } = await workflow.getHandle(workflowId).describe();
  return raw.workflowExecutionInfo?.firstRunId ?? '';
}

/** Whether the execution's workflow was continued in a further run. */
export const isContinued = (temporal: string, exId: string): Promise<boolean> =>
  withClient(temporal, async (client) => {
    const { runId } = await client.workflow.getHandle(exId).describe();
    return runId !== (await firstRunOf(client, exId));
  });

/** The histories of all runs of these executions, each execution's first run first. */
export const historiesOf = (temporal: string, exIds: string[]): Promise<Recording[]> =>
  withClient(temporal, async (client) => {
    const recordings: Recording[] = [];
    for (const workflowId of exIds) {
      let runId = await firstRunOf(client, workflowId);
      while (runId) {
        const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
        recordings.push({ workflowId, history: toJson(history) });
        runId = nextRunOf(history);
      }
    }
    return recordings;
  });

/** `historyToJSON` of the SDK would do, if its packages shared one copy of protobufjs. */
const toJson = (history: proto.temporal.api.history.v1.IHistory): Recording['history'] =>
  History.toObject(History.fromObject(history), {
    enums: String,
    longs: String,
    bytes: String,
  }) as Recording['history'];

const nextRunOf = (history: proto.temporal.api.history.v1.IHistory): string =>
  history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? '';

/** Replays histories with a workflow; gives the error of each, or null. */
export async function replay(recordings: Recording[], bundle = BUNDLE): Promise<Array<string | null>> {
  const folder = mkdtempSync(join(tmpdir(), 'temposlice-replay-'));
  try {
    const file = join(folder, 'histories.json');
    writeFileSync(file, JSON.stringify(recordings));
    const results = join(folder, 'results.json');
    await promisify(execFile)(process.execPath, [CHILD, bundle, file, results]);
    return JSON.parse(readFileSync(results, 'utf8')) as Array<string | null>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Replays all runs of every execution that a stack knows; gives those that cannot be, with the reason. */
export async function unreplayable(stack: TestStack): Promise<Array<{ workflowId: string; error: string }>> {
  const { body } = await stack.request<Array<{ ex_id: string }>>('GET', '/v1/ex?size=1000');
  const exIds = body.map(({ ex_id }) => ex_id);
  if (exIds.length === 0) throw new Error('there are no executions');
  const recordings = await historiesOf(stack.temporal, exIds);
  const errors = await replay(recordings);
  return recordings.flatMap(({ workflowId }, i) => {
    const error = errors[i];
    return error == null ? [] : [{ workflowId, error }];
  });
}

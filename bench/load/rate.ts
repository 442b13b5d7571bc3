import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from './client.js';

const POLL_MS = 20;
/** After all workers have come: compilers and running averages settle, and hosts are made ready in place of those taken. */
const WARM_UP_MS = 5_000;

interface Reading {
  at: number;
  processed: number;
}

/**
 * Slices a second of an execution that goes on. Statistics come in steps: time is taken from one step to another.
 *
 * @param begin called when the measured time begins, after a warm-up
 */
export async function rateOf(
  client: Client,
  exId: string,
  workers: number,
  seconds: number,
  begin: () => Promise<void> = async () => undefined,
): Promise<number> {
  await settled(client, exId, workers);
  await begin();
  const first = await nextStep(client, exId);
  await delay(seconds * 1_000);
  const last = await nextStep(client, exId);
  return ((last.processed - first.processed) / (last.at - first.at)) * 1_000;
}

/** Waits until all workers have been at work for a while. */
export async function settled(client: Client, exId: string, workers: number): Promise<void> {
  await client.processed(exId, 1);
  await workersThere(client, exId, workers);
  await delay(WARM_UP_MS);
}

/** Waits until so many workers have come to the execution. */
export async function workersThere(client: Client, exId: string, workers: number): Promise<void> {
  for (;;) {
    const progress = await client.progress(exId);
    if (progress && progress.workers_active + progress.workers_available >= workers) return;
    await delay(POLL_MS);
  }
}

async function nextStep(client: Client, exId: string): Promise<Reading> {
  const before = (await client.progress(exId))?.processed;
  for (;;) {
    await delay(POLL_MS);
    const processed = (await client.progress(exId))?.processed;
    if (processed === undefined) {
      const { _status, _failureReason } = await client.execution(exId);
      throw new Error(`there are no numbers of an execution that is ${_status}: ${_failureReason}`);
    }
    if (processed !== before) return { at: performance.now(), processed };
  }
}

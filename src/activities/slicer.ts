import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { CreateFailure, type HostProcess } from '../workers/node/host-process.js';
import { SLICER_FAILURES, type CreateInput, type CreateResult } from '../workflows/types.js';
import { MAX_BATCH_BYTES, MAX_LAST_BYTES, bytesOf } from '../workflows/state-size.js';
import type { SliceTuple } from '../store/types.js';
import type { PackingMeter } from '../workers/packing-meter.js';
import { heartbeating, whileCutOff } from './slices.js';

export interface SlicerNode {
  connected(): boolean;
  slicer(exId: string): HostProcess | undefined;
  writePage(exId: string, page: string, slices: SliceTuple[]): Promise<void>;
}

/** Asks the slicer host for slices. A cancellation lets go of the caller, not of the slicer's work. */
export const createSlices =
  (node: SlicerNode) =>
  (input: CreateInput): Promise<CreateResult> =>
    heartbeating(async ({ signal, rejects }) => {
      if (!node.connected()) {
        await whileCutOff(signal);
        throw ApplicationFailure.nonRetryable('the node is cut off', SLICER_FAILURES.gone);
      }
      const host = node.slicer(input.exId);
      if (!host) throw ApplicationFailure.nonRetryable('no slicer is hosted here', SLICER_FAILURES.gone);
      try {
        const result = await Promise.race([host.create(input), rejects]);
        return await inPages(node, input, result, host.packing);
      } catch (error) {
        if (error instanceof CreateFailure) throw ApplicationFailure.nonRetryable(error.message, error.type);
        throw error;
      }
    });

/** Puts an answer that is too large to be taken up at once into the store. */
async function inPages(
  node: SlicerNode,
  input: CreateInput,
  result: CreateResult,
  meter: PackingMeter,
): Promise<CreateResult> {
  let total = 0;
  const pages: SliceTuple[][] = [[]];
  let page = 0;
  for (const slice of result.slices) {
    const bytes = bytesOf(slice);
    if (bytes > MAX_BATCH_BYTES) {
      throw tooLarge(
        `slice ${slice[0]}:${slice[1]} of ex ${input.exId} has a request of ${bytes} bytes in JSON`,
        MAX_BATCH_BYTES,
      );
    }
    if (page + bytes > MAX_BATCH_BYTES && page > 0) {
      pages.push([]);
      page = 0;
    }
    pages.at(-1)?.push(slice);
    page += bytes;
    total += bytes;
  }
  const last = lastOf([...input.last, ...result.slices]);
  const lastBytes = last.reduce((sum, slice) => sum + bytesOf(slice), 0);
  if (lastBytes > MAX_LAST_BYTES) {
    throw tooLarge(
      `the last requests of the ${last.length} slicers of ex ${input.exId} have ${lastBytes} bytes in JSON together`,
      MAX_LAST_BYTES,
    );
  }
  if (total <= MAX_BATCH_BYTES) return { ...result, ...packingOf([meter.add(result.slices)]) };
  // An answer that gets lost may be given otherwise the next time: its pages must not be taken for these.
  const answer = randomUUID();
  const ids: string[] = [];
  const shares: Array<number | undefined> = [];
  for (const [index, slices] of pages.entries()) {
    shares.push(meter.add(slices));
    const id = `${input.number}-${answer}-${index}`;
    await node.writePage(input.exId, id, slices);
    ids.push(id);
  }
  return { ...result, slices: [], pages: ids, last, ...packingOf(shares) };
}

/** The worst of what is known. */
function packingOf(shares: Array<number | undefined>): Pick<CreateResult, 'packing'> {
  const known = shares.filter((share) => share !== undefined);
  return known.length > 0 ? { packing: Math.max(...known) } : {};
}

const tooLarge = (what: string, limit: number): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`${what}; the limit is ${limit}`, SLICER_FAILURES.tooLarge);

/** The last slice of each slicer. */
function lastOf(slices: SliceTuple[]): NonNullable<CreateResult['last']> {
  const last = new Map<number, [number, number, string]>();
  for (const [slicer, order, request] of slices) {
    if (order >= (last.get(slicer)?.[1] ?? 0)) last.set(slicer, [slicer, order, request]);
  }
  return [...last.values()];
}

import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { CreateFailure, type HostProcess } from '../workers/node/host-process.js';
import { SLICER_FAILURES, type CreateInput, type CreateResult } from '../workflows/types.js';
import type { SliceTuple } from '../store/types.js';
import { heartbeating } from './slices.js';

/** Largest answer that goes into a history as it is; above it the slices go to the store in pages, in bytes. */
const MAX_ANSWER_BYTES = 512 * 1024;
const PAGE_BYTES = 256 * 1024;
/** Largest request that a history can hold, in bytes. */
const MAX_REQUEST_BYTES = 256 * 1024;

export interface SlicerNode {
  connected(): boolean;
  slicer(exId: string): HostProcess | undefined;
  writePage(exId: string, page: string, slices: SliceTuple[]): Promise<void>;
}

/** Asks the slicer host for slices. A cancellation lets go of the caller, not of the slicer's work. */
export const createSlices =
  (node: SlicerNode) =>
  (input: CreateInput): Promise<CreateResult> =>
    heartbeating(async ({ rejects }) => {
      const host = node.slicer(input.exId);
      if (!host || !node.connected()) {
        throw ApplicationFailure.nonRetryable('no slicer is hosted here', SLICER_FAILURES.died);
      }
      try {
        const result = await Promise.race([host.create(input), rejects]);
        return await inPages(node, input, result);
      } catch (error) {
        if (error instanceof CreateFailure) throw ApplicationFailure.nonRetryable(error.message, error.type);
        throw error;
      }
    });

/** Puts an answer that is too large for a history into the store. */
async function inPages(node: SlicerNode, input: CreateInput, result: CreateResult): Promise<CreateResult> {
  let total = 0;
  const pages: SliceTuple[][] = [[]];
  let page = 0;
  for (const slice of result.slices) {
    const bytes = Buffer.byteLength(slice[2]);
    if (bytes > MAX_REQUEST_BYTES) {
      throw ApplicationFailure.nonRetryable(
        `slice ${slice[0]}:${slice[1]} of ex ${input.exId} has a request of ${bytes} bytes; the limit is ${MAX_REQUEST_BYTES}`,
        SLICER_FAILURES.tooLarge,
      );
    }
    if (page + bytes > PAGE_BYTES && page > 0) {
      pages.push([]);
      page = 0;
    }
    pages.at(-1)?.push(slice);
    page += bytes + 24;
    total += bytes + 24;
  }
  if (total <= MAX_ANSWER_BYTES) return result;
  // An answer that gets lost may be given otherwise the next time: its pages must not be taken for these.
  const answer = randomUUID();
  const ids: string[] = [];
  for (const [index, slices] of pages.entries()) {
    const id = `${input.number}-${answer}-${index}`;
    await node.writePage(input.exId, id, slices);
    ids.push(id);
  }
  return { ...result, slices: [], pages: ids, last: lastOf(result.slices) };
}

/** The last slice of each slicer. */
function lastOf(slices: SliceTuple[]): NonNullable<CreateResult['last']> {
  const last = new Map<number, [number, number, string]>();
  for (const [slicer, order, request] of slices) {
    if (order >= (last.get(slicer)?.[1] ?? 0)) last.set(slicer, [slicer, order, request]);
  }
  return [...last.values()];
}

import { z } from 'zod';
import { readQuery } from '../../api/http/parameters.js';
import { CodedError } from '../../errors.js';
import type { SliceTuple } from '../../store/types.js';
import type { PresenceRequest } from '../node/master-client.js';

/**
 * Bodies of what nodes ask of a master. Nodes may run another version of this program, and without a cluster token
 * anybody may ask.
 */

/** The columns of the store are 32 bits wide. */
const count = z.int().min(0).max(2_147_483_647);

const host = z.object({
  host_id: z.string(),
  state: z.enum(['starting', 'live', 'ended']),
  pid: count.nullable(),
  busy: z.boolean(),
  recoverable: z.boolean().nullable(),
  outcome: z.enum(['flushed', 'failed', 'lost', 'silent']).exactOptional(),
  reason: z.string().nullable().exactOptional(),
});

/** What nodes say of themselves. */
export const presenceRequest: z.ZodType<PresenceRequest> = z.object({
  node: z.object({
    node_id: z.string(),
    incarnation: z.string(),
    hostname: z.string(),
    pid: count,
    slots: count,
    node_version: z.string(),
    version: z.string(),
    draining: z.boolean(),
    fence: z.enum(['connected', 'holding', 'fenced']).exactOptional(),
  }),
  hosts: z.array(host),
  hopeless: z.array(z.object({ ex_id: z.string(), count, reason: z.string() })),
  known: z.string(),
  wait: z.number(),
});

export const metadataPatch = z.record(z.string(), z.unknown());

const order = z.int();
export const slicePage: z.ZodType<SliceTuple[]> = z.array(
  z.union([z.tuple([order, order, z.string()]), z.tuple([order, order, z.string(), z.string()])]),
);

export const assetIds = z.array(z.string());

/** @throws CodedError BAD_REQUEST */
export const readBody = <T extends z.ZodType>(schema: T, body: unknown): z.output<T> =>
  readQuery(schema, body ?? {}, (issue) => {
    const at = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
    return new CodedError('BAD_REQUEST', { reason: `${at}${issue.message}` });
  });

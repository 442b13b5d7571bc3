import { z } from 'zod';
import { time } from './common.js';

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const root = z
  .object({
    arch: z.string(),
    clustering_type: z.literal('native'),
    name: z.string(),
    node_version: z.string(),
    platform: z.string(),
    teraslice_version: z.string().describe('The version of Teraslice whose API this is'),
    temposlice_version: z.string(),
  })
  .meta({ id: 'Server', description: 'What this server is' });

export const health = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checks: z.record(z.string(), z.string()).describe('What was looked at: `ok`, or what is wrong'),
  })
  .meta({ id: 'Health' });

/** As in Teraslice's `docs/management-apis/endpoints-json.md`. */
export const asset = z
  .object({
    id: z.string().regex(/^[0-9a-f]{40}$/),
    name: z.string(),
    version: z.string(),
    description: z.string().optional(),
    node_version: z.int().optional().describe('Major version of Node; absent: any, as the next two'),
    platform: z.string().optional(),
    arch: z.string().optional(),
    _created: time,
  })
  .meta({ id: 'Asset' });

export const assetId = z.object({ asset_id: z.string() });

import type { Request } from 'express';
import { z } from 'zod';
import { CodedError } from '../../errors.js';
import { ASSET_FIELDS } from '../../store/fields.js';
import type { AssetRecord } from '../../store/types.js';
import { type Call, operation } from '../http/operation.js';
import { sortedQuery } from '../http/parameters.js';
import type { Resources } from '../http/resource.js';
import { asset, assetId } from '../schemas/server.js';
import type { Services } from '../services/index.js';

/** Assets have no `filter`; what is given is ignored. */
export const assetQuery = sortedQuery(ASSET_FIELDS, '_created:desc');

/** The assets that a path such as `/assets/:name/:version` names. */
export function assetsOf(
  { assets }: Pick<Services, 'assets'>,
  { request, query }: Call<z.output<typeof assetQuery>>,
): Promise<AssetRecord[]> {
  const { name, version } = request.params;
  return assets.list({
    ...query(),
    ...(typeof name === 'string' && { name }),
    ...(typeof version === 'string' && { version }),
  });
}

/**
 * Asset bundles: upload, list, delete. Bodies of uploads are zip files, so these routes come ahead of the parser
 * for JSON.
 */
export function assetRoutes(
  resources: Resources,
  services: Services,
  limits: { maxAssetBytes: number },
): void {
  const { assets, audit } = services;
  const list = (summary: string) =>
    operation(
      {
        summary,
        query: assetQuery,
        reply: z.array(asset),
        errors: ['BAD_LIST_PARAMETER', 'BAD_SORT'],
      },
      (call) => assetsOf(services, call),
    );

  resources.add('/assets', {
    get: list('List assets'),
    post: operation(
      {
        summary: 'Upload an asset bundle',
        description: 'The body is a zip file. Bytes that are there already are not stored again.',
        body: 'zip',
        reply: assetId,
        statuses: { 200: 'It was there already', 201: 'It was stored' },
        errors: [
          'ASSET_IS_JSON',
          'ASSET_NOT_ZIP',
          'ASSET_ZIP_INVALID',
          'ASSET_JSON_MISSING',
          'ASSET_JSON_MALFORMED',
          'ASSET_JSON_INVALID',
          'ASSET_EXISTS',
        ],
      },
      async ({ request, response }) => {
        const { id, created } = await upload(services, request, limits.maxAssetBytes);
        await audit('upload', {}, { asset_id: id });
        response.status(created ? 201 : 200);
        return { asset_id: id };
      },
    ),
  });

  // The name of an asset where it is read, an id where it is deleted.
  resources.add('/assets/:name', {
    get: list('List the versions of an asset'),
    delete: operation(
      {
        summary: 'Delete an asset, by its id',
        description: 'Executions that run it go on.',
        reply: assetId,
        errors: ['ASSET_ID_MALFORMED', 'ASSET_NOT_FOUND'],
      },
      async ({ param }) => {
        const id = param('name');
        if (id.length !== 40) throw new CodedError('ASSET_ID_MALFORMED', { id });
        await assets.remove(id);
        await audit('remove', {}, { asset_id: id });
        return { asset_id: id };
      },
    ),
  });

  resources.add('/assets/:name/:version', { get: list('List the versions of an asset in a range') });
}

/** What `curl -d` and `--data-binary` send if they are not told otherwise: JSON, or a zip file. */
const FORM = 'application/x-www-form-urlencoded';

async function upload(
  { assets }: Pick<Services, 'assets'>,
  request: Request,
  limit: number,
): Promise<{ id: string; created: boolean }> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  try {
    if (type === 'application/json') throw new CodedError('ASSET_IS_JSON');
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      throw new CodedError('BODY_TOO_LARGE', { limit });
    }
    // The connection must outlive a refusal, or the caller never reads it.
    return await assets.save(request.iterator({ destroyOnReturn: false }));
  } catch (error) {
    if (request.readableAborted) throw new CodedError('BAD_REQUEST', { reason: 'the upload was cut short' });
    // The rest of the body is taken and thrown away: who is still sending does not listen yet.
    request.resume();
    if (type === FORM && error instanceof CodedError && error.code === 'ASSET_NOT_ZIP') {
      throw new CodedError('ASSET_IS_JSON');
    }
    throw error;
  }
}

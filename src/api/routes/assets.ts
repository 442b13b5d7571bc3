import type { Request, Router } from 'express';
import { CodedError } from '../../errors.js';
import { listQuery, readQuery } from '../http/parameters.js';
import { pathParameter, resource } from '../http/resource.js';
import type { AssetRecord } from '../../store/types.js';
import type { Services } from '../services/index.js';

/** Assets have no `filter`; what is given is ignored. */
const assetQuery = listQuery.omit({ filter: true });

/** The assets that a path such as `/assets/:name/:version` names. */
export function assetsOf({ assets }: Pick<Services, 'assets'>, request: Request): Promise<AssetRecord[]> {
  const { name, version } = request.params;
  return assets.list({
    ...readQuery(assetQuery, request.query),
    ...(typeof name === 'string' && { name }),
    ...(typeof version === 'string' && { version }),
  });
}

/**
 * Asset bundles: upload, list, delete. Bodies of uploads are zip files, so these routes come ahead of the parser
 * for JSON.
 */
export function assetRoutes(router: Router, services: Services, limits: { maxAssetBytes: number }): void {
  const { assets, audit } = services;
  const list = async (request: Request): Promise<AssetRecord[]> => assetsOf(services, request);

  resource(router, '/assets', {
    async get(request, response) {
      response.json(await list(request));
    },
    async post(request, response) {
      const { id, created } = await upload(services, request, limits.maxAssetBytes);
      await audit('upload', {}, { asset_id: id });
      response.status(created ? 201 : 200).json({ asset_id: id });
    },
  });

  // The name of an asset where it is read, an id where it is deleted.
  resource(router, '/assets/:name', {
    async get(request, response) {
      response.json(await list(request));
    },
    async delete(request, response) {
      const id = pathParameter(request, 'name');
      if (id.length !== 40) {
        // The one error of Teraslice's API that has a text where all others have the status.
        const error = `asset ${id} is not formatted correctly, please provide the full asset_id`;
        response.status(400).json({ error });
        return;
      }
      await assets.remove(id);
      await audit('remove', {}, { asset_id: id });
      response.json({ asset_id: id });
    },
  });

  resource(router, '/assets/:name/:version', {
    async get(request, response) {
      response.json(await list(request));
    },
  });
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

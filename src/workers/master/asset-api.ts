import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import { CodedError } from '../../errors.js';
import type { AssetStore } from '../../store/types.js';
import { assetIds, readBody } from './node-requests.js';

/** Endpoints for nodes: the zip files of assets, and which of a node's assets the cluster still has. */
export function assetApi(assets: AssetStore): Router {
  const router = Router();
  router.post('/kept', async (request, response) => {
    response.json(await assets.kept(readBody(assetIds, request.body)));
  });
  router.get('/:id', async (request, response) => {
    const asset = await assets.read(request.params.id);
    if (asset === undefined) throw new CodedError('ASSET_NOT_FOUND', { id: request.params.id });
    response.set({ 'Content-Type': 'application/zip', 'Content-Length': String(asset.size) });
    await pipeline(Readable.from(asset.bytes), response);
  });
  return router;
}

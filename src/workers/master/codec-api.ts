import express, { Router } from 'express';
import proto from '@temporalio/proto';
import { CompressionCodec } from '../payload-codec.js';

const { Payloads } = proto.temporal.api.common.v1;

/** Temporal's remote codec protocol: lets its Web UI show payloads that are compressed in the history. */
export function codecApi(): Router {
  const codec = new CompressionCodec();
  const router = Router();
  router.use(express.json({ limit: '20mb' }));
  for (const direction of ['encode', 'decode'] as const) {
    router.post(`/${direction}`, async (request, response) => {
      const { payloads } = Payloads.fromObject(request.body as object);
      response.json(Payloads.create({ payloads: await codec[direction](payloads) }).toJSON());
    });
  }
  return router;
}

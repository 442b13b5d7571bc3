import express, { Router } from 'express';
import proto from '@temporalio/proto';
import { notTooDeep } from '../../api/http/bodies.js';
import { CodedError } from '../../errors.js';
import { CompressionCodec } from '../payload-codec.js';

const { Payloads } = proto.temporal.api.common.v1;

/** @throws CodedError BAD_REQUEST */
function parse(body: unknown): { payloads: proto.temporal.api.common.v1.IPayload[] } {
  try {
    return Payloads.fromObject(body as object);
  } catch {
    throw new CodedError('BAD_REQUEST', { reason: 'the body must be JSON of the form {"payloads": [...]}' });
  }
}

/** Temporal's remote codec protocol: lets its Web UI show payloads that are compressed in the history. */
export function codecApi(): Router {
  const codec = new CompressionCodec();
  const router = Router();
  router.use(express.json({ limit: '20mb' }), notTooDeep);
  for (const direction of ['encode', 'decode'] as const) {
    router.post(`/${direction}`, async (request, response) => {
      const { payloads } = parse(request.body);
      response.json(Payloads.create({ payloads: await codec[direction](payloads) }).toJSON());
    });
  }
  return router;
}

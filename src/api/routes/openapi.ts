import { z } from 'zod';
import { operation } from '../http/operation.js';
import type { Resources } from '../http/resource.js';
import type { OpenApiDocument } from '../openapi/document.js';

const openApi = z.object({
  openapi: z.string(),
  info: z.record(z.string(), z.unknown()),
  servers: z.array(z.unknown()),
  paths: z.record(z.string(), z.unknown()),
  components: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/** The description of the API for programs. */
export function openApiRoutes(resources: Resources, make: () => Promise<OpenApiDocument>): void {
  let document: OpenApiDocument | undefined;
  resources.add('/openapi.json', {
    get: operation(
      {
        summary: 'This document',
        reply: openApi,
      },
      async () => (document ??= await make()),
    ),
  });
}

import { Router, type RequestHandler } from 'express';
import { CodedError } from '../../errors.js';
import type { Operation, OperationSpec } from './operation.js';

type Method = 'get' | 'post' | 'put' | 'delete';

/** An operation where it was declared; the path has express' form, `/jobs/:job_id`. */
export interface DeclaredOperation {
  path: string;
  method: Method;
  spec: OperationSpec;
}

/** Resources of the API: a router for the requests, and what was declared of it for the document. */
export class Resources {
  readonly router = Router();
  readonly declared: DeclaredOperation[] = [];

  /**
   * Declares all that can be done with a path. Any other method on it is a 405 with `Allow`; HEAD goes to
   * the GET handler and OPTIONS answers the methods there are. `before` runs ahead of each handler.
   */
  add(
    path: string | string[],
    operations: Partial<Record<Method, Operation>>,
    ...before: RequestHandler[]
  ): void {
    const route = this.router.route(path as string);
    const methods = Object.keys(operations) as Method[];
    for (const method of methods) {
      const { handler, spec } = operations[method]!;
      route[method](...before, handler);
      for (const one of [path].flat()) this.declared.push({ path: one, method, spec });
    }
    const allow = [...methods, ...(operations.get ? ['head'] : [])]
      .map((method) => method.toUpperCase())
      .sort()
      .join(', ');
    route.all((request, response) => {
      response.set('Allow', allow);
      if (request.method !== 'OPTIONS') {
        throw new CodedError('METHOD_NOT_ALLOWED', { method: request.method, url: request.originalUrl });
      }
      // As express answers where nothing else does: `send` would add a charset and an `ETag`.
      response.setHeader('Content-Type', 'text/plain');
      response.end(allow);
    });
  }
}

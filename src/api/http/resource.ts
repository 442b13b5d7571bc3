import type { Request, RequestHandler, Response, Router } from 'express';
import { CodedError } from '../../errors.js';

type Handler = (request: Request, response: Response) => void | Promise<void>;
type Method = 'get' | 'post' | 'put' | 'delete';

/**
 * Declares all that can be done with a path. Any other method on it is a 405 with `Allow`; HEAD goes to
 * the GET handler and OPTIONS answers the methods there are. `before` runs ahead of each handler.
 */
export function resource(
  router: Router,
  path: string | string[],
  handlers: Partial<Record<Method, Handler>>,
  ...before: RequestHandler[]
): void {
  const route = router.route(path as string);
  const methods = Object.keys(handlers) as Method[];
  for (const method of methods) route[method](...before, handlers[method]!);
  const allow = [...methods, ...(handlers.get ? ['head'] : [])]
    .map((method) => method.toUpperCase())
    .join(', ');
  route.all((request, response) => {
    response.set('Allow', allow);
    if (request.method !== 'OPTIONS') {
      throw new CodedError('METHOD_NOT_ALLOWED', { method: request.method, url: request.originalUrl });
    }
    response.type('text').send(allow);
  });
}

/** A parameter of the path, such as `job_id`. */
export function pathParameter(request: Request, name: string): string {
  const value = request.params[name];
  if (typeof value !== 'string') throw new Error(`the path has no parameter ${name}`);
  return value;
}

/** Aborts when the caller goes away before it has its answer. */
export function abandoned(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}

import express, { Router, type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { ApiDependencies } from './dependencies.js';
import { allowWebUi, checkHost, checkOrigin, checkToken } from './http/access.js';
import { jsonBody } from './http/bodies.js';
import { failures, unknownPath } from './http/failures.js';
import { Resources } from './http/resource.js';
import { openApiDocument } from './openapi/document.js';
import { assetRoutes } from './routes/assets.js';
import { clusterRoutes } from './routes/cluster.js';
import { controlRoutes } from './routes/control.js';
import { executionRoutes } from './routes/executions.js';
import { healthRoutes } from './routes/health.js';
import { jobRoutes } from './routes/jobs.js';
import { openApiRoutes } from './routes/openapi.js';
import { replayRoutes } from './routes/replay.js';
import { rootRoutes } from './routes/root.js';
import { startRoutes } from './routes/starts.js';
import { tableRoutes } from './routes/tables.js';
import { createServices } from './services/index.js';

export type { ApiDependencies } from './dependencies.js';

/**
 * The REST API. Every JSON endpoint is there with and without the prefix `/v1`; `/healthz`, `/metrics`,
 * `/txt` (tables), `/internal` (nodes) and `/codec` (Temporal's Web UI) only without.
 */
export function createApi(deps: ApiDependencies): Express {
  const { settings, logger } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.use(logRequests(logger));
  app.use((_request, response, next) => {
    response.set('X-Content-Type-Options', 'nosniff');
    next();
  });

  if (deps.internal !== undefined) app.use('/internal', internal(deps), deps.internal, unknownPath);
  app.use(checkHost(settings));
  if (deps.codec !== undefined) app.use('/codec', allowWebUi(settings), deps.codec, unknownPath);
  const { uploads, versioned, plain } = declare(deps);
  app.use(checkOrigin, bothWays(uploads));
  app.use(jsonBody(settings.maxBodyBytes), plain.router, bothWays(versioned));
  app.use(unknownPath, failures(logger, settings));
  return app;
}

/** A token tells nodes from everybody else. Without one, the rules that keep web pages out are all there is. */
function internal({ settings }: ApiDependencies): RequestHandler[] {
  if (settings.clusterToken !== undefined) return [checkToken(settings.clusterToken)];
  return [checkHost(settings), checkOrigin];
}

/** What there is of the API: below `/v1` and without it, and what has no version. */
function declare(deps: ApiDependencies): Record<'uploads' | 'versioned' | 'plain', Resources> {
  const services = createServices(deps);
  const [uploads, versioned, plain] = [new Resources(), new Resources(), new Resources()];
  assetRoutes(uploads, services, deps.settings);

  rootRoutes(versioned, deps);
  jobRoutes(versioned, services, deps);
  executionRoutes(versioned, services, deps);
  controlRoutes(versioned, services);
  startRoutes(versioned, services);
  replayRoutes(versioned, services);
  clusterRoutes(versioned, deps);
  openApiRoutes(versioned, async () =>
    openApiDocument(
      [
        { prefix: '/v1', declared: [...versioned.declared, ...uploads.declared] },
        { prefix: '', declared: plain.declared },
      ],
      await deps.validator.jobSchema(),
      deps.version,
    ),
  );

  healthRoutes(plain, deps);
  tableRoutes(plain, services, deps);
  return { uploads, versioned, plain };
}

const bothWays = ({ router }: Resources): Router => Router().use('/v1', router).use(router);

const logRequests =
  (logger: Logger): RequestHandler =>
  (request, response, next) => {
    if (!logger.isLevelEnabled('debug')) return next();
    const started = performance.now();
    response.once('close', () => {
      const ms = Math.round(performance.now() - started);
      const { method, originalUrl: url } = request;
      logger.debug(
        { method, url, status: response.statusCode, ms, aborted: !response.writableFinished },
        'request',
      );
    });
    next();
  };

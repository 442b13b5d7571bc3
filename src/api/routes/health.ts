import { setTimeout as sleep } from 'node:timers/promises';
import type { Router } from 'express';
import type { ApiDependencies } from '../dependencies.js';
import { resource } from '../http/resource.js';
import { createMetrics } from '../metrics.js';

/** A check that takes longer, in ms, has failed. */
const CHECK_TIMEOUT = 2_000;

/** For those who watch over the server: not part of the API, so without a version. */
export function healthRoutes(router: Router, deps: ApiDependencies): void {
  resource(router, '/healthz', {
    async get(_request, response) {
      const checks = await check(deps);
      const healthy = Object.values(checks).every((problem) => problem === null);
      response.status(healthy ? 200 : 503).json({
        status: healthy ? 'ok' : 'unavailable',
        checks: Object.fromEntries(Object.entries(checks).map(([name, problem]) => [name, problem ?? 'ok'])),
      });
    },
  });

  const metrics = createMetrics(deps.store);
  resource(router, '/metrics', {
    async get(_request, response) {
      const text = await metrics.read();
      response.set('Content-Type', metrics.contentType).send(text);
    },
  });
}

async function check({ store, health }: ApiDependencies): Promise<Record<string, string | null>> {
  const [problem, others] = await Promise.all([
    inTime(async () => {
      await store.ping();
      return null;
    }).catch(String),
    inTime(async () => health?.()).catch((error: unknown) => ({ health: String(error) })),
  ]);
  return { store: problem, ...others };
}

async function inTime<T>(run: () => Promise<T>): Promise<T> {
  const timer = new AbortController();
  const timeout = sleep(CHECK_TIMEOUT, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${CHECK_TIMEOUT} ms`);
  });
  try {
    return await Promise.race([run(), timeout]);
  } finally {
    timer.abort();
    timeout.catch(() => undefined);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiDependencies } from '../dependencies.js';
import { operation } from '../http/operation.js';
import type { Resources } from '../http/resource.js';
import { createMetrics } from '../metrics.js';
import { health } from '../schemas/server.js';

/** A check that takes longer, in ms, has failed. */
const CHECK_TIMEOUT = 2_000;

/** For those who watch over the server: not part of the API, so without a version. */
export function healthRoutes(resources: Resources, deps: ApiDependencies): void {
  resources.add('/healthz', {
    get: operation(
      {
        summary: 'Whether this server can do its work',
        reply: health,
        statuses: { 200: 'It can', 503: 'It cannot' },
      },
      async ({ response }) => {
        const checks = await check(deps);
        const healthy = Object.values(checks).every((problem) => problem === null);
        response.status(healthy ? 200 : 503);
        return {
          status: healthy ? ('ok' as const) : ('unavailable' as const),
          checks: Object.fromEntries(
            Object.entries(checks).map(([name, problem]) => [name, problem ?? 'ok']),
          ),
        };
      },
    ),
  });

  const metrics = createMetrics(deps.store);
  resources.add('/metrics', {
    get: operation(
      { summary: "Metrics in Prometheus' text format", reply: z.string(), media: metrics.contentType },
      () => metrics.read(),
    ),
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

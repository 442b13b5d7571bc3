import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves once the condition holds, looked at every `interval` ms; rejects after `limit` ms. An error of the
 * condition counts as "not yet".
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  limit = 20_000,
  interval = 20,
): Promise<void> {
  const deadline = Date.now() + limit;
  let last: unknown;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not so within ${limit} ms: ${condition}`, { cause: last });
    await delay(interval);
  }
}

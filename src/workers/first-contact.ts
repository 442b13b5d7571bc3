import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../logger.js';
import { ConfigurationError, isConfigurationError } from './configuration-error.js';

/** What is started together may come later than this process: a database in a container takes its time. */
const LIMIT_MS = 120_000;
const PAUSE_MS = 1_000;

/**
 * Connects to a server for the first time. Until then nobody knows whether its address is right, so it is not tried for
 * ever; once there was contact, an outage is.
 * @param what name and address, such as `Temporal at host:7233`
 * @throws ConfigurationError that names it, after `limit` ms
 */
export async function firstContact<T>(
  what: string,
  connect: () => Promise<T>,
  logger: Logger,
  limit = LIMIT_MS,
): Promise<T> {
  const deadline = Date.now() + limit;
  for (let attempt = 1; ; attempt++) {
    try {
      return await connect();
    } catch (error) {
      if (isConfigurationError(error)) throw error;
      const reason = reasonOf(error);
      if (Date.now() >= deadline) {
        const seconds = Math.round(limit / 1_000);
        throw new ConfigurationError(`${what} could not be reached for ${seconds} s: ${reason}`, {
          cause: error,
        });
      }
      if (attempt === 1) logger.warn(`${what} cannot be reached yet: ${reason}`);
      await delay(Math.min(PAUSE_MS, Math.max(0, deadline - Date.now())));
    }
  }
}

/** What both kinds of connections of Temporal's SDK have. */
interface WithNamespaces {
  workflowService: { describeNamespace(request: { namespace: string }): Promise<unknown> };
}

const NOT_FOUND = 5;

/**
 * Waits for a namespace, which whoever sets up the server may make later than the server answers. If it cannot be asked
 * for (that is a right of its own), nothing is waited for.
 * @throws ConfigurationError that names it, if it is not there after `limit` ms
 */
export async function namespaceContact(
  connection: WithNamespaces,
  namespace: string,
  server: string,
  logger: Logger,
  limit = LIMIT_MS,
): Promise<void> {
  const ask = async (): Promise<void> => {
    try {
      await connection.workflowService.describeNamespace({ namespace });
    } catch (error) {
      if ((error as { code?: number }).code === NOT_FOUND) throw error;
    }
  };
  await firstContact(`the namespace "${namespace}" of ${server}`, ask, logger, limit);
}

/** The innermost cause knows best. */
export function reasonOf(error: unknown): string {
  let reason = error as Error;
  while (reason?.cause instanceof Error) reason = reason.cause;
  const { code } = reason as NodeJS.ErrnoException;
  return reason?.message || code || String(error);
}

/** Host and port of a URL, without the password that it may hold. */
export const addressOf = (url: string): string =>
  URL.canParse(url) ? new URL(url).host : 'a URL that cannot be read';

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Settings } from '../settings.js';
import { ConfigurationError } from './configuration-error.js';

const LOOPBACK = '127.0.0.1';
/** Below those that systems give to outgoing connections (Linux: from 32,768 on): one of them could have it before a server does. */
const FREE_PORTS = { first: 10_000, last: 32_767, tries: 100 };

/**
 * Settings with ports that are free now. The API's port is what people and scripts address, so it is never
 * replaced; those of the embedded Temporal server are, unless somebody asked for them. Port 0: any free one
 * (for the Web UI: none at all).
 *
 * @throws ConfigurationError if a port that was asked for is taken
 */
export async function choosePorts(
  settings: Settings,
  explicit: ReadonlySet<keyof Settings>,
): Promise<Settings> {
  const chosen = { ...settings };
  if (chosen.port === 0) chosen.port = await findFreePort(chosen.host);
  else await demand(chosen.port, chosen.host, '--port');
  if (chosen.temporal) return chosen;
  const choose = async (field: 'temporalPort' | 'temporalUiPort', flag: string): Promise<number> => {
    const wanted = chosen[field];
    if (explicit.has(field) && wanted !== 0) await demand(wanted, LOOPBACK, flag);
    else if (wanted === 0 || !(await isPortFree(wanted, LOOPBACK))) return findFreePort(LOOPBACK);
    return wanted;
  };
  chosen.temporalPort = await choose('temporalPort', '--temporal-port');
  if (chosen.temporalUiPort !== 0) {
    chosen.temporalUiPort = await choose('temporalUiPort', '--temporal-ui-port');
    if (!explicit.has('temporalUiUrl')) chosen.temporalUiUrl = `http://${LOOPBACK}:${chosen.temporalUiPort}`;
  }
  return chosen;
}

async function demand(port: number, host: string, flag: string): Promise<void> {
  const variable = `TEMPOSLICE_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
  const remedy = `Choose another: ${flag} N or ${variable}=N.`;
  try {
    if (await isPortFree(port, host)) return;
  } catch (error) {
    throw new ConfigurationError(`Cannot listen on ${host}:${port}: ${(error as Error).message}. ${remedy}`, {
      cause: error,
    });
  }
  throw new ConfigurationError(`Port ${port} on ${host} is taken by another program. ${remedy}`);
}

/** True if a server could listen there now. */
async function isPortFree(port: number, host = LOOPBACK): Promise<boolean> {
  try {
    await listenOnce(port, host);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}

/**
 * A port that nobody listens on at this moment.
 * @throws Error if none is found
 */
export async function findFreePort(host = LOOPBACK): Promise<number> {
  for (let tries = 0; tries < FREE_PORTS.tries; tries++) {
    const port = randomInt(FREE_PORTS.first, FREE_PORTS.last + 1);
    if (await isPortFree(port, host)) return port;
  }
  throw new Error(`no free port was found on ${host} between ${FREE_PORTS.first} and ${FREE_PORTS.last}`);
}

async function listenOnce(port: number, host: string): Promise<void> {
  const server = createServer();
  server.listen({ port, host, exclusive: true });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

import type { Settings } from '../settings.js';
import { ConfigurationError } from '../workers/configuration-error.js';

/** Commands may wait as long as a busy master needs, in ms. */
const TIMEOUT_MS = 120_000;

export type ClientSettings = Pick<Settings, 'master' | 'clusterToken'>;

/** The server answered with an error. */
export class RefusedError extends ConfigurationError {}

/**
 * Asks a server.
 * @param timeout longest time that answer and body may take, in ms
 * @throws ConfigurationError if it cannot be reached
 */
export async function request(url: URL, options: RequestInit = {}, timeout = TIMEOUT_MS): Promise<Response> {
  try {
    return await fetch(url, { ...options, signal: AbortSignal.timeout(timeout) });
  } catch (cause) {
    const reason = (cause as { cause?: Error }).cause?.message ?? (cause as Error).message;
    throw new ConfigurationError(`${url.origin} cannot be reached: ${reason}`, { cause });
  }
}

/**
 * The same for JSON.
 * @throws RefusedError if it answers with an error; ConfigurationError if it cannot be reached
 */
export async function requestJson<T>(url: URL, options: RequestInit = {}, timeout = TIMEOUT_MS): Promise<T> {
  const { method = 'GET' } = options;
  const response = await request(url, options, timeout);
  const text = await response.text();
  if (!response.ok) {
    throw new RefusedError(`${method} ${url.href} answers ${response.status}: ${messageOf(text)}`);
  }
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new ConfigurationError(`${method} ${url.href} does not answer with JSON`, { cause });
  }
}

/** The message of an error body, which is `{error, message}`; else the text. */
function messageOf(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: unknown }).message);
  } catch {
    return text.slice(0, 500);
  }
}

/** Asks a master for something that is not part of the public API. */
export function requestMaster<T>(
  { master = '', clusterToken }: ClientSettings,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  return requestJson<T>(new URL(`/internal${path}`, master), {
    method,
    headers: {
      'content-type': 'application/json',
      ...(clusterToken === undefined ? {} : { 'x-temposlice-token': clusterToken }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

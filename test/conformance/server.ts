import type { Body, ServerKind } from './case.js';

/** A blocking stop of a real Teraslice takes up to 12 s on a calm machine. */
const TIMEOUT = 180_000;

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The text read as JSON; undefined if it is none. */
  json: unknown;
}

/** A server that is asked what it answers, by its URL. */
export class Server {
  constructor(private readonly url: string) {}

  /** @throws Error if the server cannot be reached or is neither of the two */
  async kind(): Promise<ServerKind> {
    const { json } = await this.send('GET', '/v1');
    const root = (json ?? {}) as Record<string, unknown>;
    if (typeof root.temposlice_version === 'string') return 'temposlice';
    if (typeof root.teraslice_version === 'string') return 'teraslice';
    throw new Error(`${this.url} answers neither as Teraslice nor as Temposlice does`);
  }

  /** @throws Error if the server cannot be reached */
  async send(
    method: string,
    path: string,
    { json, text, type }: Omit<Body, 'bytes'> & { headers?: Record<string, string> } = {},
    headers: Record<string, string> = {},
    bytes?: Buffer,
  ): Promise<Answer> {
    const body = bytes ?? (json === undefined ? text : JSON.stringify(json));
    const contentType = type ?? (json === undefined ? undefined : 'application/json');
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { ...(contentType !== undefined && { 'content-type': contentType }), ...headers },
      // Not as a string: it would be sent with a content type of its own.
      ...(body !== undefined && { body: Buffer.from(body) }),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const answer = await response.text();
    return { status: response.status, headers: response.headers, text: answer, json: parsed(answer) };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

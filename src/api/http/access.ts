import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import type { Request, RequestHandler } from 'express';
import { CodedError } from '../../errors.js';
import type { Settings } from '../../settings.js';

/**
 * Who may talk to the API. Whoever can post a job runs code, and any page in a browser on this machine
 * can send a simple request to localhost, so a request must neither come from a foreign web origin nor be
 * addressed to a host name that is not ours (a rebound DNS name makes a foreign page same-origin).
 */

/** The host of a `Host` header or a setting: lower case, without port, the brackets of an IPv6 address and final dot. */
function hostNameOf(authority: string): string {
  const bracketed = /^\[([^\]]*)\](:\d*)?$/.exec(authority)?.[1];
  if (bracketed !== undefined && isIPv6(bracketed)) return bracketed.toLowerCase();
  return authority.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** 403 unless the request is addressed to an IP address or one of our names. */
export function checkHost(settings: Pick<Settings, 'host' | 'allowedHosts'>): RequestHandler {
  const allowed = new Set(
    ['localhost', hostname(), settings.host, ...settings.allowedHosts].map((host) => hostNameOf(host)),
  );
  return (request, _response, next) => {
    const host = request.headers.host;
    // Only HTTP/1.0 clients leave it out, which no browser is.
    if (host === undefined || allowed.has('*')) return next();
    const name = hostNameOf(host);
    if (isIP(name) === 0 && !allowed.has(name)) throw new CodedError('UNKNOWN_HOST', { host });
    next();
  };
}

/** 403 if a page of another origin sent the request. */
export const checkOrigin: RequestHandler = (request, _response, next) => {
  const { origin, host } = request.headers;
  if (origin !== undefined && !isSameOrigin(origin, host)) throw new CodedError('FOREIGN_ORIGIN', { origin });
  next();
};

function isSameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  // Not the scheme: behind a proxy that ends TLS ours is http where the page's is https.
  return new URL(origin).host === host.toLowerCase();
}

/** Lets pages of the Temporal Web UI call what follows, and answers their preflight requests. */
export function allowWebUi(settings: Pick<Settings, 'temporalUiUrl'>): RequestHandler {
  const allowed = originsOf(settings.temporalUiUrl);
  return (request, response, next) => {
    const origin = request.headers.origin;
    if (origin === undefined) return next();
    if (!allowed.has(origin) && !isSameOrigin(origin, request.headers.host)) {
      throw new CodedError('FOREIGN_ORIGIN', { origin });
    }
    response.set({
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Credentials': 'true',
      Vary: 'Origin',
    });
    if (request.method !== 'OPTIONS') return next();
    response.set({
      'Access-Control-Allow-Methods': 'POST',
      'Access-Control-Allow-Headers': 'Content-Type, X-Namespace, Authorization',
    });
    response.status(204).end();
  };
}

/** The origin of a URL; for this machine under each of its usual names. */
function originsOf(url: string): Set<string> {
  if (!URL.canParse(url)) return new Set();
  const { protocol, hostname: host, port, origin } = new URL(url);
  const local = ['localhost', '127.0.0.1', '[::1]'];
  if (!local.includes(host)) return new Set([origin]);
  return new Set(local.map((name) => `${protocol}//${name}${port === '' ? '' : `:${port}`}`));
}

/** 401 unless the request carries the cluster token. */
export function checkToken(token: string): RequestHandler {
  const wanted = digest(token);
  return (request: Request, _response, next) => {
    // Digests have one length, as the comparison in constant time wants it.
    if (!timingSafeEqual(digest(request.get('x-temposlice-token') ?? ''), wanted)) {
      throw new CodedError('BAD_CLUSTER_TOKEN');
    }
    next();
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

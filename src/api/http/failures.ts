import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { CodedError } from '../../errors.js';
import { sendJson } from './json.js';

/** Messages of this many characters or more are cut. */
const MESSAGE_LIMIT = 3000;

/** Nothing matched the path. */
export const unknownPath: RequestHandler = (request) => {
  throw new CodedError('UNKNOWN_PATH', { method: request.method, url: request.originalUrl });
};

/** Answers every error as `{error: <HTTP status>, message}`. */
export function failures(logger: Logger, limits: { maxBodyBytes: number }): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const coded = toCodedError(error, limits);
    const entry = { err: error, method: request.method, url: request.originalUrl };
    if (coded.code === 'INTERNAL') logger.error(entry, 'request failed');
    else if (coded.status >= 500) logger.warn(entry, 'request failed');
    if (response.headersSent) return next(error);
    const message = cut(coded.message);
    sendJson(
      response.status(coded.status),
      coded.bare ? { error: message } : { error: coded.status, message },
    );
  };
}

function cut(message: string): string {
  const text = message.trim();
  return text.length < MESSAGE_LIMIT ? text : `${text.slice(0, MESSAGE_LIMIT - 4)} ...`;
}

/** What body parser and router throw has a status and a type; what database and network throw, a code. */
function toCodedError(error: unknown, limits: { maxBodyBytes: number }): CodedError {
  if (error instanceof CodedError) return error;
  const { status, type, code, message } = (error ?? {}) as {
    status?: unknown;
    type?: unknown;
    code?: unknown;
    message?: unknown;
  };
  const cause = { cause: error };
  if (type === 'entity.too.large')
    return new CodedError('BODY_TOO_LARGE', { limit: limits.maxBodyBytes }, cause);
  if (type === 'entity.parse.failed') return new CodedError('MALFORMED_JSON', {}, cause);
  if (status === 415) return new CodedError('UNREADABLE_BODY', { reason: message }, cause);
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new CodedError('BAD_REQUEST', { reason: message }, cause);
  }
  if (isStoreTrouble(code, message)) return new CodedError('STORE_UNAVAILABLE', {}, cause);
  return new CodedError('INTERNAL', { reason: typeof message === 'string' ? message : undefined }, cause);
}

/**
 * Codes of Node's sockets; SQLSTATE class 08 (connection) and 57P (server shuts down or starts), and what the limits of
 * our sessions end: a transaction that stood still, a wait for a lock, a statement.
 */
const STORE_CODES =
  /^(ECONN(REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|EPIPE|08\w{3}|57P\w{2}|25P03|55P03|57014)$/;

/** A connection that ends in the midst of a statement, or ended before it, is an error without a code in `pg`. */
const isStoreTrouble = (code: unknown, message: unknown): boolean =>
  (typeof code === 'string' && STORE_CODES.test(code)) ||
  (typeof message === 'string' &&
    /^Connection terminated|^Client has encountered a connection error/.test(message));

import express, { type RequestHandler } from 'express';
import { CodedError } from '../../errors.js';

/**
 * JSON bodies. `curl -d@job.json` names no content type and so sends the form type: that is JSON too. Both
 * are parsed for every path, so that malformed JSON is the same answer everywhere. With a charset or in other letters
 * they are not: as in Teraslice, who wants no body does not look at it.
 */
const PARSED_EVERYWHERE = new Set(['application/json', 'application/x-www-form-urlencoded']);

export const jsonBody = (limit: number): RequestHandler =>
  express.json({ limit, type: ({ headers }) => PARSED_EVERYWHERE.has(headers['content-type'] ?? '') });

/** Levels of objects and arrays in a body. What works on one is recursive, here and in operations' schemas. */
const MAX_DEPTH = 200;

/** Refuses a body that was parsed and is nested too deeply. */
export const notTooDeep: RequestHandler = (request, _response, next) => {
  if (isDeeper(request.body, MAX_DEPTH)) throw new CodedError('JSON_TOO_DEEP', { limit: MAX_DEPTH });
  next();
};

/** For endpoints that want a job: whatever the content type says, or if there is none, the body is JSON. */
export function jobBody(limit: number): RequestHandler[] {
  const parse = express.json({ limit, type: () => true });
  return [
    (request, response, next) => (request.body === undefined ? parse(request, response, next) : next()),
    notTooDeep,
  ];
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)));

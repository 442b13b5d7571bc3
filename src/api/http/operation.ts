import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { CodedError, ErrorCode } from '../../errors.js';
import type { Pages } from '../../store/types.js';
import { sendJson, sendList } from './json.js';
import { type PathParameter, type QueryFailure, readQuery } from './parameters.js';

/**
 * What a method of a path takes and answers. Requests are checked by it, the compiler checks by it what the handler
 * answers, and the OpenAPI document is made of it.
 */
export interface OperationSpec<Q extends z.ZodObject = z.ZodObject, R extends z.ZodType = z.ZodType> {
  /** One line, without a full stop. */
  summary: string;
  /** What the summary does not say, in CommonMark. */
  description?: string;
  query?: Q;
  /** What is made of a query that its schema refuses. Default: one of the errors of list parameters. */
  failure?: QueryFailure;
  /** A job configuration as JSON, or the bytes of a zip file. */
  body?: 'job' | 'zip';
  reply: R;
  /** Content type of the reply. Default: JSON. */
  media?: string;
  /** Statuses that answer with the reply, and when. Default: 200. */
  statuses?: Readonly<Record<number, string>>;
  /** What can go wrong, beside what can everywhere. */
  errors?: readonly ErrorCode[];
}

/** One request, as its handler sees it. */
export interface Call<Q> {
  request: Request;
  response: Response;
  /** @throws CodedError if the query is not what the operation says */
  query(): Q;
  /** A parameter of the path. */
  param(name: PathParameter): string;
}

export interface Operation {
  spec: OperationSpec;
  handler: RequestHandler;
}

/**
 * An operation, whose handler gives the body of the reply. The status is 200 unless the handler sets one of the others.
 */
export function operation<R extends z.ZodType, Q extends z.ZodObject = z.ZodObject>(
  spec: OperationSpec<Q, R>,
  handle: (call: Call<z.output<Q>>) => z.input<R> | Promise<z.input<R>>,
): Operation {
  const { media } = spec;
  return {
    spec,
    async handler(request, response) {
      const reply = await handle(callOf(spec, request, response));
      if (media === undefined) sendJson(response, reply);
      else response.type(media).send(reply);
    },
  };
}

/** An operation that answers with a list of what its handler gives, page by page. `reply`: an element. */
export function listOperation<R extends z.ZodType, Q extends z.ZodObject = z.ZodObject>(
  spec: OperationSpec<Q, R>,
  handle: (call: Call<z.output<Q>>) => Pages<z.input<R>> | Promise<Pages<z.input<R>>>,
): Operation {
  return {
    spec: { ...spec, reply: z.array(spec.reply) },
    handler: async (request, response) => sendList(response, await handle(callOf(spec, request, response))),
  };
}

function callOf<Q extends z.ZodObject>(
  { query, failure }: OperationSpec<Q>,
  request: Request,
  response: Response,
): Call<z.output<Q>> {
  return {
    request,
    response,
    query: () => (query === undefined ? {} : readQuery(query, request.query, failure)) as z.output<Q>,
    param: (name) => pathParameter(request, name),
  };
}

function pathParameter(request: Request, name: PathParameter): string {
  const value = request.params[name];
  if (typeof value !== 'string') throw new Error(`the path has no parameter ${name}`);
  return value;
}

/** Aborts when the caller goes away before it has its answer. */
export function abandoned(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}

/** Makes the same error of whatever is wrong with a query. */
export const always =
  (error: (value: unknown) => CodedError): QueryFailure =>
  (_issue, value) =>
    error(value);

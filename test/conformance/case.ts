import type { z } from 'zod';

/**
 * One row of the reference as a request and what is expected of its answer. Texts, paths and values may hold
 * placeholders, which `World` fills: `{job:running}`, `{ex:failed}`, `{asset:first}`, `{unknown}`, `{run}`.
 */
export interface Case {
  /** Section of the REST reference, and what is asked. */
  row: string;
  /** Method and path, `GET /v1/jobs/{job:never}`. */
  request: string;
  send?: Body;
  headers?: Record<string, string>;
  /** What Teraslice 3.18 answers. */
  expect: Expectation;
  /** What Temposlice answers instead, on purpose. */
  temposlice?: Expectation;
}

export interface Body {
  /** Sent as JSON, with that content type unless there is `type`. */
  json?: unknown;
  /** Sent as it is, without a content type unless there is `type`. */
  text?: string;
  /** The same for bytes, made for a run. */
  bytes?: (run: string) => Promise<Buffer>;
  type?: string;
}

/** What is left out is not looked at. */
export interface Expectation {
  status: number;
  /** The body is `{error: <status>, message}` with this message. */
  message?: string | RegExp;
  /** Keys and types of the JSON body. */
  body?: z.ZodType;
  /** Values in the JSON body, by dotted path. */
  values?: Record<string, unknown>;
  /** The body as text. */
  text?: RegExp;
  headers?: Record<string, RegExp>;
}

export const SERVERS = ['teraslice', 'temposlice'] as const;
export type ServerKind = (typeof SERVERS)[number];

export const expectationOf = ({ expect, temposlice }: Case, kind: ServerKind): Expectation =>
  kind === 'temposlice' ? (temposlice ?? expect) : expect;

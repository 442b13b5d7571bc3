import { describeCode, type ErrorCode } from '../../errors.js';
import { PATH_PARAMETERS, type PathParameter } from '../http/parameters.js';
import type { OperationSpec } from '../http/operation.js';
import type { DeclaredOperation } from '../http/resource.js';
import { bareFailure, failure } from '../schemas/common.js';
import { type JsonSchema, Schemas } from './json-schema.js';

/** A document in the form of OpenAPI 3.1. */
export interface OpenApiDocument {
  openapi: string;
  info: Record<string, unknown>;
  servers: Array<{ url: string }>;
  paths: Record<string, Record<string, unknown>>;
  components: { schemas: Record<string, JsonSchema>; responses: Record<string, ResponseObject> };
}

interface ResponseObject {
  description: string;
  content: Record<string, { schema: JsonSchema }>;
}
type Referable<T> = T | { $ref: string };

/** Name of the schema of what is posted as a job. */
const JOB_CONFIGURATION = 'JobConfiguration';

/** What can go wrong wherever one asks. */
const EVERYWHERE: ErrorCode[] = [
  'BAD_REQUEST',
  'MALFORMED_JSON',
  'FOREIGN_ORIGIN',
  'UNKNOWN_HOST',
  'BODY_TOO_LARGE',
  'UNREADABLE_BODY',
  'INTERNAL',
  'STORE_UNAVAILABLE',
  'TOO_BUSY',
];

const DESCRIPTION = `Jobs in Teraslice's format, run durably on Temporal. The API is that of Teraslice 3.18.

Every path that begins with \`/v1\` is there without it, too. A path that has GET has HEAD, and every path has OPTIONS.
What is not in this document is answered 404, and another method on one of its paths 405 with \`Allow\`.

Errors are \`{error: <status>, message}\`. With 503 the same request may help a little later.
Answers have an \`ETag\`; a request with it in \`If-None-Match\` is answered 304 if nothing has changed.`;

/**
 * Makes the document of what routes declare.
 * @param operations by the prefix that their paths have
 * @param jobConfiguration schema of what is posted as a job
 */
export function openApiDocument(
  operations: Array<{ prefix: string; declared: DeclaredOperation[] }>,
  jobConfiguration: JsonSchema,
  version: string,
): OpenApiDocument {
  const schemas = new Schemas();
  const paths: OpenApiDocument['paths'] = {};
  for (const { prefix, declared } of operations) {
    for (const { path, method, spec } of declared) {
      const item = (paths[templateOf(prefix, path)] ??= {});
      item[method] = {
        operationId: operationId(method, prefix, path),
        tags: [tagOf(path)],
        ...operationObject(schemas, path, spec),
      };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Temposlice',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { [JOB_CONFIGURATION]: jobConfiguration, ...schemas.components },
      responses: errorResponses(schemas, EVERYWHERE),
    },
  };
}

/** `/jobs/:job_id` as `/v1/jobs/{job_id}`. */
const templateOf = (prefix: string, path: string): string =>
  (prefix + path).replace(/(.)\/$/, '$1').replace(/:(\w+)/g, '{$1}');

const TAGS = ['jobs', 'ex', 'cluster', 'assets', 'txt'];
const tagOf = (path: string): string => TAGS.find((tag) => path.split('/')[1] === tag) ?? 'server';

/** `post /jobs/:job_id/_start` as `postJobsJobIdStart`. */
function operationId(method: string, prefix: string, path: string): string {
  const words = (prefix === '' ? path : path.replace(/^\/$/, '/server')).match(/[a-zA-Z]+/g) ?? [];
  return method + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

const namesIn = (path: string): Array<PathParameter> =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as PathParameter);

function operationObject(schemas: Schemas, path: string, spec: OperationSpec): Record<string, unknown> {
  const { summary, description, query, body, reply, media = 'application/json', errors = [] } = spec;
  const parameters = [
    ...namesIn(path).map((name) => {
      const { description: text, ...schema } = schemas.reply(PATH_PARAMETERS[name]);
      return { name, in: 'path', required: true, description: text, schema };
    }),
    ...(query === undefined ? [] : schemas.parameters(query)).map(({ name, required, schema }) => {
      const { description: text, ...rest } = schema;
      return { name, in: 'query', required, ...(text !== undefined && { description: text }), schema: rest };
    }),
  ];
  const content = { [media.split(';')[0]!]: { schema: schemas.reply(reply) } };
  const replies = Object.entries(spec.statuses ?? { 200: 'Done' }).map(([status, text]) => [
    status,
    { description: text, content },
  ]);
  return {
    summary,
    ...(description !== undefined && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: REQUEST_BODIES[body] }),
    responses: responsesOf(schemas, Object.fromEntries(replies), errors),
  };
}

const REQUEST_BODIES = {
  job: {
    required: true,
    description: 'Without a content type, or as form data (`curl -d`), it is read as JSON, too',
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${JOB_CONFIGURATION}` } } },
  },
  zip: {
    required: true,
    description: 'With any content type but that of JSON',
    content: { 'application/zip': {}, 'application/octet-stream': {} },
  },
} satisfies Record<NonNullable<OperationSpec['body']>, unknown>;

type Responses = Record<string, ResponseObject>;

/** By status, each with the messages that it may have. */
function errorResponses(schemas: Schemas, codes: readonly ErrorCode[]): Responses {
  const byStatus = new Map<number, Array<ReturnType<typeof describeCode>>>();
  for (const code of new Set(codes)) {
    const described = describeCode(code);
    byStatus.set(described.status, [...(byStatus.get(described.status) ?? []), described]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, errors]) => {
      const shapes = [...new Set(errors.map(({ bare }) => (bare ? bareFailure : failure)))].map((shape) =>
        schemas.reply(shape),
      );
      const schema = shapes.length === 1 ? shapes[0]! : { anyOf: shapes };
      const description = errors.map(({ message }) => `- ${message}`).join('\n');
      return [status, { description, content: { 'application/json': { schema } } }];
    }),
  );
}

/** All that may be answered. A status such as 503 of `/healthz` may be that of a reply, and of an error. */
function responsesOf(
  schemas: Schemas,
  replies: Responses,
  errors: readonly ErrorCode[],
): Record<string, Referable<ResponseObject>> {
  const own = errorResponses(schemas, [...errors, ...EVERYWHERE]);
  const result: Record<string, Referable<ResponseObject>> = { ...replies };
  for (const [status, error] of Object.entries(own)) {
    const reply = replies[status];
    if (reply !== undefined) result[status] = either(reply, error);
    else if (errors.some((code) => describeCode(code).status === Number(status))) result[status] = error;
    else result[status] = { $ref: `#/components/responses/${status}` };
  }
  return result;
}

function either(one: ResponseObject, other: ResponseObject): ResponseObject {
  const [[media, { schema }]] = Object.entries(one.content) as [[string, { schema: JsonSchema }]];
  const anyOf = [schema, other.content['application/json']!.schema];
  return {
    description: `${one.description}\n${other.description}`,
    content: { [media]: { schema: { anyOf } } },
  };
}

/**
 * The registry of coded errors: one entry per thing that can go wrong in front of a caller.
 *
 * `status` is the HTTP status of the answer, `retry` says whether sending the same request again can
 * help. Message texts that Teraslice's clients match on are kept to the letter
 * (Teraslice's `docs/management-apis/endpoints-json.md`).
 */
interface ErrorDefinition {
  readonly status: number;
  readonly retry: boolean;
  readonly message: (detail: Record<string, unknown>) => string;
  /** Answered as `{error: <message>}`: Teraslice has one error of that form. */
  readonly bare?: true;
}

const define = (
  status: number,
  message: string | ((detail: Record<string, unknown>) => string),
  retry = false,
): ErrorDefinition => ({ status, retry, message: typeof message === 'string' ? () => message : message });

export const ERRORS = {
  MALFORMED_JSON: define(400, 'the json submitted is malformed'),
  JSON_TOO_DEEP: define(400, (d) => `the json submitted is nested more than ${d.limit} levels deep`),
  UNREADABLE_BODY: define(415, (d) => `the request body cannot be read: ${d.reason}`),
  BAD_REQUEST: define(400, (d) => `${d.reason}`),
  BODY_TOO_LARGE: define(413, (d) => `the request body is larger than the limit of ${d.limit} bytes`),
  NO_JOB_POSTED: define(400, 'No job was posted'),
  JOB_ID_ON_SUBMIT: define(422, 'Job cannot include a job_id on submit'),
  JOB_INVALID: define(400, (d) => `${d.reason}`),
  JOB_NOT_FOUND: define(404, (d) => `Job ${d.job_id} was not found`),
  JOB_DELETED: define(410, (d) => `Job ${d.job_id} has been deleted and cannot be ${d.action}.`),
  JOB_ACTIVE: define(
    409,
    (d) => `Job ${d.job_id} is currently running, cannot have the same job concurrently running`,
  ),
  RECOVERY_OVERTAKEN: define(
    409,
    (d) => `Job ${d.job_id} has run again meanwhile, as execution ${d.ex_id}, which has ended already`,
    true,
  ),
  JOB_ALREADY_DELETED: define(410, (d) => `Job ${d.job_id} has already been deleted.`),
  JOB_RUNNING: define(409, (d) => `Job ${d.job_id} is currently running, cannot delete a running job.`),
  EMPTY_UPDATE: define(400, (d) => `no data was provided to update job ${d.job_id}`),
  NO_EXECUTION: define(404, (d) => `No execution was found for job ${d.job_id}`),
  NOTHING_TO_RECOVER: define(404, (d) => `Job ${d.job_id} is missing an execution to recover from`),
  EX_NOT_FOUND: define(404, (d) => `Execution ${d.ex_id} was not found`),
  EX_NOT_ACTIVE: define(404, (d) => `no active execution context was found for ex_id: ${d.ex_id}`),
  EX_STILL_ACTIVE: define(
    409,
    (d) => `Execution ${d.ex_id} is still ${d.status}; stop it before it is recovered`,
  ),
  EX_ENDING: define(503, (d) => `Execution ${d.ex_id} is coming to its end just now; try again`, true),
  EX_NOT_RECOVERABLE: define(409, (d) => `Execution ${d.ex_id} cannot be recovered: ${d.reason}`),
  NO_ACTIVE_SLICER: define(404, (d) => `Could not find active slicer for ex_id: ${d.ex_id}`),
  BAD_CLEANUP_TYPE: define(400, 'cleanup_type must be empty or set to all, errors, pending'),
  REPLAY_WITHOUT_FILTER: define(
    400,
    'filter must say which failed slices are replayed; filter=* replays all of them',
  ),
  BAD_DRY_RUN: define(400, 'dry_run must be true or false'),
  BAD_WORKERS: define(
    400,
    'Must provide a valid worker parameter(add/remove/total) that is a number and greater than zero',
  ),
  TOO_MANY_REMOVED: define(
    400,
    (d) => `workers to be removed: ${d.remove} cannot be >= to current workers: ${d.current}`,
  ),
  BAD_LOG_LEVEL: define(
    400,
    (d) => `Invalid log level "${d.level}", must be one of: trace, debug, info, warn, error, fatal`,
  ),
  BAD_DELETED_OPTION: define(400, 'deleted query option must true or false'),
  BAD_TIMEOUT: define(400, (d) => `timeout must be a number of milliseconds above zero, got ${d.value}`),
  BAD_FILTER: define(400, (d) => `cannot read the filter at character ${d.at} (${d.near}): ${d.reason}`),
  FILTER_TOO_SLOW: define(
    400,
    (d) =>
      `the filter was given up after ${d.seconds} seconds: look for fewer words and wildcards, or among fewer by other fields`,
  ),
  BAD_LIST_PARAMETER: define(400, (d) => `${d.parameter} parameter must be a ${d.kind}, got ${d.value}`),
  BAD_SORT: define(400, (d) => `cannot sort by "${d.field}", must be one of: ${d.fields}`),
  TABLE_TOO_LARGE: define(
    400,
    (d) => `the table would have more than ${d.limit} characters: choose fewer rows or columns`,
  ),
  UNKNOWN_PATH: define(404, (d) => `cannot ${d.method} endpoint ${d.url}`),
  METHOD_NOT_ALLOWED: define(405, (d) => `cannot ${d.method} endpoint ${d.url}`),
  FOREIGN_ORIGIN: define(403, (d) => `requests from the web origin ${d.origin} are not allowed`),
  UNKNOWN_HOST: define(403, (d) => `the host name ${d.host} is not one this server answers to`),
  TIMED_OUT: define(
    503,
    (d) => `Timed out after ${d.ms}ms, waiting for execution ${d.ex_id} to be ${d.wanted}`,
    true,
  ),
  TEMPORAL_UNAVAILABLE: define(503, 'Temporal cannot be reached; nothing was lost, try again', true),
  STORE_UNAVAILABLE: define(
    503,
    'the store cannot be reached; what was asked for may or may not be done: look, and try again',
    true,
  ),
  TOO_BUSY: define(
    503,
    (d) => `too many requests of this kind at the same time: none was done within ${d.ms}ms; try again`,
    true,
  ),
  ASSET_IS_JSON: define(400, '/asset endpoints do not accept json'),
  ASSET_NOT_ZIP: define(400, 'Failed to save asset. File type not recognized as zip.'),
  ASSET_ZIP_INVALID: define(422, (d) => `Failed to save asset. The zip file cannot be unpacked: ${d.reason}`),
  ASSET_JSON_MISSING: define(422, 'asset.json was not found in root directory of asset bundle'),
  ASSET_JSON_MALFORMED: define(
    422,
    "Failure parsing asset.json, please ensure that's it formatted correctly",
  ),
  ASSET_JSON_INVALID: define(422, (d) => `${d.reason}`),
  ASSET_EXISTS: define(
    409,
    (d) => `Asset ${d.asset} already exists, please increment the version and send again`,
  ),
  ASSET_ID_MALFORMED: {
    ...define(400, (d) => `asset ${d.id} is not formatted correctly, please provide the full asset_id`),
    bare: true,
  },
  ASSET_NOT_FOUND: define(404, (d) => `Unable to find asset ${d.id}`),
  ILLEGAL_STATUS: define(422, (d) => `${d.reason}`),
  NODE_REPLACED: define(
    409,
    (d) =>
      `another node has started with the id "${d.node_id}" (process ${d.pid} on ${d.hostname}), so this one must end; ` +
      'give each node an id of its own with --node-id or TEMPOSLICE_NODE_ID',
  ),
  BAD_CLUSTER_TOKEN: define(401, 'the cluster token is missing or wrong'),
  INTERNAL: define(500, (d) => `${d.reason ?? 'internal error'}`, true),
} satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERRORS;

/** An error as the API's description shows it: its message with the names of details in braces. */
export function describeCode(code: ErrorCode): { status: number; message: string; bare: boolean } {
  const definition: ErrorDefinition = ERRORS[code];
  const { status, message, bare } = definition;
  const names = new Proxy({}, { get: (_target, name) => `{${String(name)}}` });
  return { status, message: message(names), bare: bare ?? false };
}

/** An error with a place in the registry; thrown anywhere, answered by the API as `{error, message}`. */
export class CodedError extends Error {
  readonly status: number;
  readonly retry: boolean;
  /** Its answer is `{error: <message>}`. */
  readonly bare: boolean;

  constructor(
    readonly code: ErrorCode,
    readonly detail: Record<string, unknown> = {},
    options?: ErrorOptions,
  ) {
    const definition: ErrorDefinition = ERRORS[code];
    super(definition.message(detail), options);
    this.name = 'CodedError';
    this.status = definition.status;
    this.retry = definition.retry;
    this.bare = definition.bare ?? false;
  }
}

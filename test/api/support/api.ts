import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { AssetService } from '../../../src/api/services/assets.js';
import { createApi, type ApiDependencies } from '../../../src/api/index.js';
import type { JobValidator } from '../../../src/api/validator.js';
import { CodedError } from '../../../src/errors.js';
import type { Settings } from '../../../src/settings.js';
import { openStore } from '../../../src/store/index.js';
import type { OperationConfig, Store, ValidatedJob } from '../../../src/store/types.js';
import { DocumentCheck } from '../../support/openapi.js';
import { PlayedEngine } from './played-engine.js';

export const VERSION = '1.2.3';
/** Small, so that a test can send more. */
export const MAX_ASSET_BYTES = 3_000_000;
/** A well-formed id that nothing has. */
export const UNKNOWN_ID = '11111111-2222-4333-8444-555555555555';

export const job = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: 'example',
  operations: [{ _op: 'data_generator' }, { _op: 'noop' }],
  ...changes,
});

/** Knows two operations and fills in defaults. */
export const validator: JobValidator = {
  async validate(spec) {
    const refuse = (reason: string): never => {
      throw new CodedError('JOB_INVALID', { reason });
    };
    const operations = spec.operations as OperationConfig[];
    if (!Array.isArray(operations) || operations.length < 2) {
      return refuse(`Validation failed for job config: ${spec.name} - operations need to be of type array`);
    }
    for (const { _op } of operations) {
      if (!['data_generator', 'noop'].includes(_op)) refuse(`Unable to find module for operation: ${_op}`);
    }
    const defaults = {
      name: 'Custom Job',
      active: true,
      analytics: true,
      lifecycle: 'once',
      max_retries: 3,
      probation_window: 300_000,
      slicers: 1,
      stateful: false,
      workers: 2,
    };
    const validated = {
      ...defaults,
      apis: [],
      assets: null,
      ...spec,
      autorecover: [true, 'true'].includes(spec.autorecover as boolean | string),
    } as unknown as ValidatedJob;
    return { job: validated, warnings: spec.cpu === undefined ? [] : [{ type: 'JobValidation' }] };
  },
  jobSchema: async () => ({ type: 'object', properties: { operations: {} }, required: ['operations'] }),
};

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The text read as JSON; undefined if it is none. */
  body: ReturnType<typeof JSON.parse>;
}

export interface Call {
  headers?: Record<string, string>;
  /** A string or bytes are sent as they are, without a content type; anything else as JSON. */
  body?: unknown;
}

export class TestApi {
  private document: Promise<DocumentCheck> | undefined;

  private constructor(
    readonly port: number,
    readonly store: Store,
    readonly engine: PlayedEngine,
    readonly assetsDirectory: string,
    readonly dependencies: ApiDependencies,
    readonly close: () => Promise<void>,
  ) {}

  static async start(
    settings: Partial<Settings> = {},
    deps: Partial<ApiDependencies> = {},
  ): Promise<TestApi> {
    const dataDir = await mkdtemp(join(tmpdir(), 'temposlice-api-'));
    const store = deps.store ?? (await openStore({ dataDir }));
    const engine = new PlayedEngine(store);
    const assetsDirectory = join(dataDir, 'assets');
    const dependencies: ApiDependencies = {
      store,
      engine,
      validator,
      assets: new AssetService(store.assets, assetsDirectory, MAX_ASSET_BYTES),
      logger: pino({ level: 'silent' }),
      version: VERSION,
      settings: {
        name: 'test-cluster',
        host: '127.0.0.1',
        allowedHosts: [],
        maxBodyBytes: 10_000_000,
        maxAssetBytes: MAX_ASSET_BYTES,
        actionTimeout: 5_000,
        temporalUiUrl: 'http://127.0.0.1:8233',
        ...settings,
      } as Settings,
      ...deps,
    };
    const server = createServer(createApi(dependencies));
    // A connection that is closed as it is used again would be an error that says nothing.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new TestApi(port, store, engine, assetsDirectory, dependencies, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await engine.idle();
      if (deps.store === undefined) await store.close();
      await rm(dataDir, { recursive: true });
    });
  }

  /** @throws Error if the answer is not what the API's OpenAPI document says */
  async call(method: string, path: string, call: Call = {}): Promise<Answer> {
    const answer = await this.send(method, path, call);
    this.document ??= this.send('GET', '/openapi.json').then(({ body }) => new DocumentCheck(body));
    const { status, headers, text } = answer;
    const described = { status, contentType: headers['content-type'], text };
    const differences = (await this.document).differences(method, path, described);
    if (differences.length > 0) throw new Error(differences.join('\n'));
    return answer;
  }

  private async send(method: string, path: string, { headers = {}, body }: Call = {}): Promise<Answer> {
    const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
    const payload = raw ? (body as string | Buffer | undefined) : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          method,
          path,
          host: '127.0.0.1',
          port: this.port,
          headers: {
            ...(!raw && { 'content-type': 'application/json' }),
            'content-length': String(payload === undefined ? 0 : Buffer.byteLength(payload)),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              text,
              body: asJson(text),
            });
          });
        },
      );
      request.on('error', reject);
      request.end(payload);
    });
  }

  get = (path: string, call?: Call): Promise<Answer> => this.call('GET', path, call);
  post = (path: string, call?: Call): Promise<Answer> => this.call('POST', path, call);

  async submit(spec = job()): Promise<{ job_id: string; ex_id: string }> {
    return (await this.post('/v1/jobs', { body: spec })).body;
  }

  /** Submits a job whose execution runs when this returns. */
  async running(spec = job()): Promise<{ job_id: string; ex_id: string }> {
    const submission = await this.submit(spec);
    await this.engine.idle();
    return submission;
  }
}

function asJson(text: string): Answer['body'] {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

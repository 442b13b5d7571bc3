import { randomBytes } from 'node:crypto';
import { until } from '../support/until.js';
import { assetIdOf, assetJson, makeZip } from '../support/zips.js';
import type { Answer, Server } from './server.js';

/** A well-formed id that nothing has. */
const UNKNOWN_ID = '11111111-2222-4333-8444-555555555555';
/** How long a situation may take to come about, in ms. */
const PATIENCE = 180_000;
const POLL = 200;
const TERMINAL = ['completed', 'stopped', 'rejected', 'failed', 'terminated'];

/** Jobs of what every Teraslice has without an asset: the operations of job-components. */
const READER = { _op: 'test-reader' };
export const ONCE = { lifecycle: 'once', workers: 1, operations: [READER, { _op: 'noop' }] };
/** Goes on until it is stopped, without much work. */
export const PERSISTENT = {
  lifecycle: 'persistent',
  workers: 1,
  operations: [READER, { _op: 'delay', ms: 100 }],
};
/** Each of its slices fails: the reader wants lists with this option, and its slicer makes none. */
const FAILING = {
  ...ONCE,
  max_retries: 0,
  operations: [{ ...READER, passthrough_slice: true }, { _op: 'noop' }],
};

/** What is converted, of what OpenSearch stores, too, and what is kept though nobody knows it. */
export const CONFIGURED = {
  ...{ active: 'false', analytics: 'false', stateful: 'true', workers: '1', slicers: ' 1 ', max_retries: 0 },
  ...{ probation_window: '120000', labels: { team: 'conformance' }, env_vars: { A: 'b', B: 1 } },
  ...{ log_level: 'warn', cpu: '0.5', of_my_own: { a: [null] } },
  operations: [
    READER,
    {
      ...{ _op: 'delay', ms: '1 second', _encoding: 'raw', _dead_letter_action: 'none', note: 'kept' },
      ...{ _connection: null, connection: 'an option like any other' },
    },
  ],
};

/** The asset of a situation as a zip file: each situation and run has another name. */
export const bundle = (name: string, version = '1.0.0', more: object = {}): Promise<Buffer> =>
  makeZip({ 'asset.json': assetJson(name, version, { description: 'conformance', ...more }) });

/**
 * An asset with an operation and an API, for jobs that are only validated. Without a library, so that every server can
 * load it.
 */
const CODE = `
class Schema {
  constructor(context, kind) { this.context = context; this.kind = kind; }
  validate(config) {
    const reason = { field: 'old', description: 'of no use any more', _op: config._op };
    const deprecation = { type: 'JobValidation', reason: { type: 'assetOperation', kind: 'deprecation', reason } };
    return { config: { ...config }, warnings: 'old' in config ? [deprecation] : [] };
  }
}
exports.ASSETS = {
  conformance_op: { Processor: class {}, Schema },
  conformance_api: { API: class {}, Schema },
};
`;
const codedBundle = (name: string): Promise<Buffer> =>
  makeZip({
    'asset.json': assetJson(name, '1.0.0'),
    'package.json': '{"type": "commonjs"}',
    'index.js': CODE,
  });

interface Ids {
  job?: string;
  ex?: string;
  asset?: string;
}

/**
 * What the cases ask about: jobs, executions and assets in given situations. A situation comes about when it is asked
 * for first; `running#pause` is another instance of `running`.
 */
export class World {
  /** Part of all names, so that runs are told apart. */
  readonly run = `r${randomBytes(4).toString('hex')}`;
  private readonly situations = new Map<string, Promise<Ids>>();
  private readonly jobs = new Set<string>();
  private readonly assets = new Set<string>();

  constructor(private readonly server: Server) {}

  /** Puts ids in the place of placeholders. */
  async fill(text: string): Promise<string> {
    let filled = text.replaceAll('{run}', this.run).replaceAll('{unknown}', UNKNOWN_ID);
    for (const [placeholder, kind, situation] of filled.matchAll(/\{(job|ex|asset):([\w#-]+)\}/g)) {
      const id = (await this.situation(situation!))[kind as keyof Ids];
      if (id === undefined) throw new Error(`${situation} has no ${kind}`);
      filled = filled.replaceAll(placeholder, id);
    }
    return filled;
  }

  /** Takes note of what an answer made, so that it is removed in the end. */
  note(answer: Answer): void {
    const { job_id, asset_id } = (answer.json ?? {}) as { job_id?: unknown; asset_id?: unknown };
    if (answer.status >= 300) return;
    if (typeof job_id === 'string') this.jobs.add(job_id);
    if (typeof asset_id === 'string') this.assets.add(asset_id);
  }

  /** Stops and deletes what was made; what is gone already is no error. */
  async remove(): Promise<void> {
    await Promise.all([...this.jobs].map((id) => this.server.send('POST', `/v1/jobs/${id}/_stop`)));
    for (const id of this.jobs) await this.server.send('DELETE', `/v1/jobs/${id}`);
    for (const id of this.assets) await this.server.send('DELETE', `/v1/assets/${id}`);
  }

  private situation(name: string): Promise<Ids> {
    const known = this.situations.get(name);
    if (known !== undefined) return known;
    const made = this.make(name);
    this.situations.set(name, made);
    return made;
  }

  private async make(name: string): Promise<Ids> {
    switch (name.split('#')[0]) {
      case 'never':
        return this.submit(name, ONCE, false);
      case 'never-autorecover':
        return this.submit(name, { ...ONCE, autorecover: true }, false);
      case 'bare':
        return this.ended(await this.submit(undefined, { operations: ONCE.operations }));
      case 'configured':
        return this.ended(await this.submit(name, CONFIGURED));
      case 'completed':
        return this.ended(await this.submit(name, ONCE));
      case 'failed':
        return this.ended(await this.submit(name, FAILING));
      case 'retried':
        return this.ended(await this.submit(name, { ...FAILING, max_retries: 1 }));
      case 'running':
        return this.working(await this.submit(name, PERSISTENT));
      case 'pair':
        return this.working(await this.submit(name, { ...PERSISTENT, workers: 2 }), 2);
      case 'stopped': {
        const ids = await this.working(await this.submit(name, PERSISTENT));
        await this.succeed('POST', `/v1/jobs/${ids.job}/_stop`);
        return this.ended(ids);
      }
      case 'deleted': {
        const ids = await this.submit(name, ONCE, false);
        await this.succeed('DELETE', `/v1/jobs/${ids.job}`);
        return ids;
      }
      case 'inactive': {
        const ids = await this.submit(name, ONCE, false);
        await this.succeed('POST', `/v1/jobs/${ids.job}/_inactive`);
        return ids;
      }
      case 'pinned': {
        const asset = this.named(name);
        const uploaded = await this.upload(await bundle(asset));
        return { ...uploaded, ...(await this.ended(await this.submit(name, { ...ONCE, assets: [asset] }))) };
      }
      case 'coded':
        return this.upload(await codedBundle(this.named(name)));
      case 'foreign':
        return this.upload(await bundle(this.named(name), '1.0.0', { platform: 'conformance' }));
      case 'uploaded':
        return this.upload(await bundle(this.named(name)));
      default:
        throw new Error(`there is no situation ${name}`);
    }
  }

  /** The name of the asset of a situation. */
  private named(situation: string): string {
    return `${situation.replace('#', '-')}-${this.run}`;
  }

  /** @param name undefined: the job has none */
  private async submit(name: string | undefined, job: object, start = true): Promise<Ids> {
    const json = {
      ...(name !== undefined && { name: `conformance-${this.run}-${name.replace('#', '-')}` }),
      ...job,
    };
    const reply = await this.succeed('POST', `/v1/jobs?start=${start}`, json);
    const { job_id, ex_id } = reply as { job_id: string; ex_id?: string };
    return { job: job_id, ...(ex_id !== undefined && { ex: ex_id }) };
  }

  private async upload(zip: Buffer): Promise<Ids> {
    const answer = await this.server.send('POST', '/v1/assets?blocking=true', {}, {}, zip);
    this.note(answer);
    if (answer.status !== 201) throw new Error(`an asset cannot be uploaded: ${answer.text}`);
    return { asset: assetIdOf(zip) };
  }

  /** Ended where lists look, too: Teraslice's see what was written up to a second later. */
  private async ended(ids: Ids): Promise<Ids> {
    const listed = async (): Promise<string | undefined> => {
      const found = await this.succeed('GET', `/v1/ex?filter=ex_id:${ids.ex}`);
      return (found as Array<{ _status: string }>)[0]?._status;
    };
    await until(async () => TERMINAL.includes((await listed()) ?? ''), PATIENCE, POLL);
    return ids;
  }

  private async working(ids: Ids, workers = 1): Promise<Ids> {
    await until(async () => (await this.status(ids)) === 'running', PATIENCE, POLL);
    const busy = async (): Promise<boolean> => {
      const { json } = await this.server.send('GET', `/v1/ex/${ids.ex}/controller`);
      const [controller] = json as Array<{ processed: number; workers_joined: number }>;
      return controller !== undefined && controller.processed > 0 && controller.workers_joined >= workers;
    };
    await until(busy, PATIENCE, POLL);
    return ids;
  }

  private async status({ ex }: Ids): Promise<string> {
    const reply = await this.succeed('GET', `/v1/ex/${ex}`);
    return (reply as { _status: string })._status;
  }

  private async succeed(method: string, path: string, json?: unknown): Promise<unknown> {
    const answer = await this.server.send(method, path, { json });
    this.note(answer);
    if (answer.status < 300) return answer.json;
    throw new Error(`${method} ${path} answers ${answer.status}: ${answer.text}`);
  }
}

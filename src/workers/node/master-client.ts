import type { ReadableStream } from 'node:stream/web';
import { ConfigurationError } from '../configuration-error.js';
import type { Settings } from '../../settings.js';
import type { ExecutionDocument, HostKind, HostOutcome, NodeRow, SliceTuple } from '../../store/types.js';

/** What a master wants of a node. */
export interface HostAssignment {
  host_id: string;
  ex_id: string;
  kind: HostKind;
  epoch: number;
  draining: boolean;
  /** Draining, and at once: its execution was stopped by force. */
  forced?: boolean;
}

/** What a node says of one of its hosts. */
export interface HostReport {
  host_id: string;
  state: 'starting' | 'live' | 'ended';
  pid: number | null;
  busy: boolean;
  recoverable: boolean | null;
  outcome?: HostOutcome;
  reason?: string | null;
}

export interface PresenceRequest {
  node: Omit<NodeRow, 'seen'>;
  hosts: HostReport[];
  /** Executions whose hosts died before they were ready, with how many did in a row. */
  hopeless: Array<{ ex_id: string; count: number; reason: string }>;
  /** What the node was told last; the answer waits until it changes. */
  known: string;
  /** Longest wait for a change, in ms. */
  wait: number;
}

export interface PresenceResponse {
  assignments: HostAssignment[];
  /** The newest lease of an execution that was cancelled a moment ago, with all before it. */
  cancelled: Record<string, number>;
  /** Hosts whose end is recorded. */
  acknowledged: string[];
  /** Fingerprint of both, to be sent back as `known`. */
  version: string;
}

const REQUEST_TIMEOUT_MS = 10_000;
/** For the whole of an asset, which may be large and the network slow. */
const ASSET_TIMEOUT_MS = 300_000;

/** Requests from a node to a master. All reject with an Error when no master answers. */
export class MasterClient {
  private readonly executions = new Map<string, Promise<ExecutionDocument>>();

  constructor(private readonly settings: Pick<Settings, 'master' | 'port' | 'clusterToken'>) {}

  /** @throws ConfigurationError if another node has taken this one's id */
  presence(request: PresenceRequest, signal: AbortSignal): Promise<PresenceResponse> {
    return this.request('POST', '/presence', request, signal);
  }

  /** An execution's document; fetched once. */
  execution(exId: string): Promise<ExecutionDocument> {
    let document = this.executions.get(exId);
    if (!document) {
      document = this.request<ExecutionDocument>('GET', `/executions/${exId}`);
      this.executions.set(exId, document);
      document.catch(() => this.executions.delete(exId));
    }
    return document;
  }

  forgetExecutions(keep: Set<string>): void {
    for (const exId of this.executions.keys()) if (!keep.has(exId)) this.executions.delete(exId);
  }

  async metadata(exId: string): Promise<Record<string, unknown>> {
    return (await this.request<ExecutionDocument>('GET', `/executions/${exId}`)).metadata;
  }

  async setMetadata(exId: string, metadata: Record<string, unknown>): Promise<void> {
    await this.request('POST', `/executions/${exId}/metadata`, metadata);
  }

  async writePage(exId: string, page: string, slices: SliceTuple[]): Promise<void> {
    await this.request('POST', `/executions/${exId}/pages/${page}`, slices);
  }

  /** The zip file of an asset; undefined if the cluster has none of that id. */
  async asset(id: string): Promise<ReadableStream<Uint8Array> | undefined> {
    const response = await this.send('GET', `/assets/${id}`, AbortSignal.timeout(ASSET_TIMEOUT_MS));
    if (response.status === 404) return undefined;
    await accepted(response, `GET /assets/${id}`);
    return response.body as ReadableStream<Uint8Array>;
  }

  /** Those of the assets that the cluster still has. */
  keptAssets(ids: string[]): Promise<string[]> {
    return this.request('POST', '/assets/kept', ids);
  }

  private async request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await this.send(
      method,
      path,
      signal ? AbortSignal.any([signal, timeout]) : timeout,
      body,
    );
    await accepted(response, `${method} ${path}`);
    return (await response.json()) as T;
  }

  private send(method: string, path: string, signal: AbortSignal, body?: unknown): Promise<Response> {
    const base = this.settings.master ?? `http://127.0.0.1:${this.settings.port}`;
    return fetch(new URL(`/internal${path}`, base), {
      method,
      signal,
      headers: {
        'content-type': 'application/json',
        ...(this.settings.clusterToken ? { 'x-temposlice-token': this.settings.clusterToken } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

async function accepted(response: Response, what: string): Promise<void> {
  // Only to a presence.
  if (response.status === 409) {
    const { message } = (await response.json()) as { message: string };
    throw new ConfigurationError(message);
  }
  if (!response.ok) {
    throw new Error(`master answered ${response.status} to ${what}: ${await response.text()}`);
  }
}

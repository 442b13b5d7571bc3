import type { Settings } from '../../settings.js';
import type { ExecutionDocument, HostKind, HostOutcome, NodeRow, SliceTuple } from '../../store/types.js';

/** What a master wants of a node. */
export interface HostAssignment {
  host_id: string;
  ex_id: string;
  kind: HostKind;
  epoch: number;
  draining: boolean;
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
  /** Hosts whose end is recorded. */
  acknowledged: string[];
  /** Fingerprint of `assignments`, to be sent back as `known`. */
  version: string;
}

/** Requests from a node to a master. All reject with an Error when no master answers. */
export class MasterClient {
  private readonly executions = new Map<string, Promise<ExecutionDocument>>();

  constructor(private readonly settings: Pick<Settings, 'master' | 'port' | 'clusterToken'>) {}

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

  private async request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const base = this.settings.master ?? `http://127.0.0.1:${this.settings.port}`;
    const timeout = AbortSignal.timeout(10_000);
    const response = await fetch(new URL(`/internal${path}`, base), {
      method,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: {
        'content-type': 'application/json',
        ...(this.settings.clusterToken ? { 'x-temposlice-token': this.settings.clusterToken } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) {
      throw new Error(`master answered ${response.status} to ${method} ${path}: ${await response.text()}`);
    }
    return (await response.json()) as T;
  }
}

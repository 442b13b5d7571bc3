import { fileURLToPath } from 'node:url';
import { CompressionCodec } from '../../src/workers/payload-codec.js';
import type { Recording } from '../support/histories.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const codec = new CompressionCodec();

interface JsonPayload {
  metadata: Record<string, string>;
  data: string;
}

const isPayload = (value: object): value is JsonPayload => 'metadata' in value && 'data' in value;

/** A recording without names and paths of the machine it was made on; payloads are not compressed any more. */
export async function anonymous(recording: Recording, dataDir: string): Promise<Recording> {
  const clean = (text: string): string =>
    text
      .replaceAll(ROOT, '/temposlice/')
      .replaceAll(dataDir, '/data')
      .replaceAll(/\/[\w./-]*node_modules\//g, '/');

  const cleanPayload = async ({ metadata, data }: JsonPayload): Promise<JsonPayload> => {
    const bytes = Object.entries(metadata).map(
      ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
    );
    const [payload] = await codec.decode([
      { metadata: Object.fromEntries(bytes), data: Buffer.from(data, 'base64') },
    ]);
    const decoded = Object.entries(payload?.metadata ?? {});
    const text = clean(Buffer.from(payload?.data ?? []).toString('utf8'));
    return {
      metadata: Object.fromEntries(
        decoded.map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
      ),
      data: Buffer.from(text).toString('base64'),
    };
  };

  const walk = async (value: unknown, key = ''): Promise<unknown> => {
    if (key === 'identity') return 'recorded';
    if (typeof value === 'string') return clean(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return Promise.all(value.map((item) => walk(item)));
    if (isPayload(value)) return cleanPayload(value);
    const entries = Object.entries(value).map(
      async ([name, item]) => [name, await walk(item, name)] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  };
  return (await walk(recording)) as Recording;
}

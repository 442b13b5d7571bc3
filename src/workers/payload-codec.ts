import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { METADATA_ENCODING_KEY } from '@temporalio/common';

/**
 * Compresses payloads before they go into a history, whose bytes are the scarce resource: slices of one
 * batch resemble each other and shrink to a tenth. Small payloads stay readable as they are.
 */

const ENCODING = 'binary/deflate';
const ENCODING_BYTES = Buffer.from(ENCODING);
/** Payloads smaller than this are not worth the trouble, in bytes. */
const MIN_BYTES = 512;
/** zlib level: 1 costs a third of the default's time and gives up little on text as regular as this. */
const LEVEL = 1;

/** As the codec compresses a payload. */
export const compress = (data: Buffer): Buffer => deflateRawSync(data, { level: LEVEL });

/** Keeps the original metadata in front of the data: four bytes of length, then JSON. */
function pack(payload: Payload): Buffer {
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(payload.metadata ?? {})) {
    metadata[key] = Buffer.from(value).toString('base64');
  }
  const head = Buffer.from(JSON.stringify(metadata));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, payload.data ?? Buffer.alloc(0)]);
}

function unpack(packed: Buffer): Payload {
  const end = 4 + packed.readUInt32BE(0);
  const metadata: Record<string, Uint8Array> = {};
  const head = JSON.parse(packed.toString('utf8', 4, end)) as Record<string, string>;
  for (const [key, value] of Object.entries(head)) metadata[key] = Buffer.from(value, 'base64');
  return { metadata, data: packed.subarray(end) };
}

export class CompressionCodec implements PayloadCodec {
  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      if ((payload.data?.length ?? 0) < MIN_BYTES) return payload;
      return {
        metadata: { [METADATA_ENCODING_KEY]: ENCODING_BYTES },
        data: compress(pack(payload)),
      };
    });
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const encoding = payload.metadata?.[METADATA_ENCODING_KEY];
      if (!encoding || Buffer.compare(Buffer.from(encoding), ENCODING_BYTES) !== 0) return payload;
      return unpack(inflateRawSync(payload.data ?? Buffer.alloc(0)));
    });
  }
}

/** Used by every client and worker. */
export const dataConverter: DataConverter = { payloadCodecs: [new CompressionCodec()] };

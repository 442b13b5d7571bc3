import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import express from 'express';
import { defaultPayloadConverter, METADATA_ENCODING_KEY, type Payload } from '@temporalio/common';
import { codecApi } from '../../../src/workers/master/codec-api.js';
import { CompressionCodec } from '../../../src/workers/payload-codec.js';
import type { SliceTuple } from '../../../src/workflows/types.js';

const codec = new CompressionCodec();
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const encoded = async (payload: Payload): Promise<Payload> => (await codec.encode([payload]))[0] as Payload;
const decoded = async (payload: Payload): Promise<Payload> => (await codec.decode([payload]))[0] as Payload;
const valueOf = (payload: Payload): unknown => defaultPayloadConverter.fromPayload(payload);

/** Slices as a file reader makes them. */
const batch: SliceTuple[] = Array.from({ length: 500 }, (_, i) => [
  i % 3,
  i + 1,
  JSON.stringify({
    path: `data/2024/part-${String(i >> 3).padStart(5, '0')}.ldjson`,
    offset: (i & 7) * 1_048_576,
    length: 1_048_576 + ((i * 7919) % 512),
    total: 8_388_608 + (((i >> 3) * 104_729) % 4_096),
  }),
]);

it('leaves small payloads readable', async () => {
  const payload = payloadOf({ exId: 'ex', lease: 1 });
  expect(await encoded(payload)).toEqual(payload);
  expect(await decoded(payload)).toEqual(payload);
});

it.each([
  ['slices', batch],
  ['text of many languages', '🦊 naïve “Größe” 数据 '.repeat(100)],
  ['what cannot be compressed', createHash('shake256', { outputLength: 4_000 }).update('x').digest('base64')],
])('gives back %s as they were', async (_what, value) => {
  const payload = payloadOf(value);
  const packed = await encoded(payload);
  expect(Buffer.from(packed.metadata?.[METADATA_ENCODING_KEY] ?? []).toString()).toBe('binary/deflate');
  const again = await decoded(packed);
  expect(valueOf(again)).toEqual(value);
  expect(Object.keys(again.metadata ?? {})).toEqual(Object.keys(payload.metadata ?? {}));
});

it('takes raw bytes and other metadata along', async () => {
  const data = Buffer.alloc(5_000, 7);
  const metadata = { [METADATA_ENCODING_KEY]: Buffer.from('binary/plain'), own: Buffer.from([0, 255]) };
  const again = await decoded(await encoded({ metadata, data }));
  expect(Buffer.from(again.data ?? []).equals(data)).toBe(true);
  expect(Object.entries(again.metadata ?? {}).map(([key, value]) => [key, Buffer.from(value)])).toEqual(
    Object.entries(metadata),
  );
});

it('shrinks a batch of slices to less than a third', async () => {
  const payload = payloadOf(batch);
  const ratio = ((await encoded(payload)).data?.length ?? Infinity) / (payload.data?.length ?? 1);
  expect(ratio).toBeLessThan(0.35);
});

it("is served to Temporal's Web UI", async () => {
  const server = createServer(express().use('/codec', codecApi())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/codec`;
  const post = async (direction: string, body: unknown): Promise<{ payloads: Array<{ data: string }> }> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/${direction}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    return (await response.json()) as { payloads: Array<{ data: string }> };
  };
  try {
    const { metadata, data } = payloadOf(batch);
    const base64 = (bytes: Uint8Array | null | undefined): string =>
      Buffer.from(bytes ?? []).toString('base64');
    const plain = {
      payloads: [{ metadata: { encoding: base64(metadata?.[METADATA_ENCODING_KEY]) }, data: base64(data) }],
    };
    const packed = await post('encode', plain);
    expect(packed.payloads[0]?.data.length).toBeLessThan(base64(data).length / 2);
    await expect(post('decode', packed)).resolves.toEqual(plain);
  } finally {
    server.close();
  }
});

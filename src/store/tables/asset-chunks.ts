import { sql } from 'kysely';
import { v4 as uuid } from 'uuid';
import type { Database } from '../schema.js';

/**
 * Bytes of one chunk: a statement that other callers of an embedded store can wait for. Chunks travel as base64: in
 * time of the processor a MiB as bytea costs PGlite 250 ms to write and 90 ms to read, as text 30 ms and 10 ms.
 */
const CHUNK_BYTES = 1024 * 1024;

/** Age from which staged bytes are left by a crash, in minutes: more than any upload takes. */
export const UPLOAD_MINUTES = 60;

/** Cuts or joins what comes into chunks of one size; the last one may be smaller. */
async function* chunks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of bytes) {
    parts.push(part);
    length += part.length;
    if (length < CHUNK_BYTES) continue;
    const joined = Buffer.concat(parts);
    const whole = joined.length - (joined.length % CHUNK_BYTES);
    for (let at = 0; at < whole; at += CHUNK_BYTES) yield joined.subarray(at, at + CHUNK_BYTES);
    parts = [joined.subarray(whole)];
    length = joined.length - whole;
  }
  if (length > 0) yield Buffer.concat(parts);
}

/**
 * Stores bytes that no asset refers to yet, in statements of their own: a transaction would hold the one session
 * of an embedded store for as long as it takes. They count once a row refers to them.
 * @returns the location, for that row
 */
export async function stageChunks(db: Database, bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const location = uuid();
  let position = 0;
  try {
    for await (const data of chunks(bytes)) {
      const text = data.toString('base64');
      await sql`
        insert into asset_chunks (location, position, data)
        values (${location}, ${position}, decode(${text}, 'base64'))
      `.execute(db);
      position++;
    }
  } catch (error) {
    await discardChunks(db, location).catch(() => undefined);
    throw error;
  }
  return location;
}

/** Removes bytes that no asset refers to. */
export async function discardChunks(db: Database, location: string): Promise<void> {
  await sql`
    delete from asset_chunks c
    where location = ${location} and not exists (select from assets a where a.location = c.location)
  `.execute(db);
}

/**
 * Removes what a crash left staged, and what a later upload of the same asset replaced.
 * @param age of what may still be in the making by another process, in minutes
 */
export async function sweepChunks(db: Database, age: number): Promise<void> {
  await sql`
    delete from asset_chunks c
    where staged <= now() - ${age} * interval '1 minute'
      and not exists (select from assets a where a.location = c.location)
  `.execute(db);
}

/** The bytes, chunk by chunk. */
export async function* readChunks(db: Database, location: string): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; position++) {
    const { rows } = await sql<{ text: string }>`
      select encode(data, 'base64') as text from asset_chunks
      where location = ${location} and position = ${position}
    `.execute(db);
    if (rows[0] === undefined) return;
    yield Buffer.from(rows[0].text, 'base64');
  }
}

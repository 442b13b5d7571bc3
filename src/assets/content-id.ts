import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** What an asset's id looks like. */
export const ASSET_ID = /^[0-9a-f]{40}$/;

/**
 * Passes the bytes of a zip file on and computes its asset id: the SHA-1, in hex, of the base64 text of all
 * bytes (not of the bytes themselves), as in Teraslice.
 */
export class ContentId extends Transform {
  #hash = createHash('sha1');
  /** Bytes that do not make up a group of three yet: base64 of the whole is that of its groups. */
  #rest = Buffer.alloc(0);
  /** Bytes that went through. */
  size = 0;

  /** The id; to be read once, after the last byte. */
  digest(): string {
    return this.#hash.update(this.#rest.toString('base64')).digest('hex');
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.size += chunk.length;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const whole = bytes.length - (bytes.length % 3);
    this.#hash.update(bytes.toString('base64', 0, whole));
    this.#rest = Buffer.from(bytes.subarray(whole));
    done(null, chunk);
  }
}

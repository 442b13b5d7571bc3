import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

export interface ZipEntry {
  content: string | Buffer;
  /** Unix mode with file type. Default a regular file. */
  mode?: number;
  /** Default true. */
  compress?: boolean;
}

/** Entries by name; the same ones give the same bytes. */
export type ZipEntries = Record<string, string | Buffer | ZipEntry>;

/** A zip file with these entries. Names must be such as the library takes; see `renamed` for others. */
export async function makeZip(entries: ZipEntries): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, entry] of Object.entries(entries)) {
    const { content, ...options } =
      typeof entry === 'string' || Buffer.isBuffer(entry) ? { content: entry } : entry;
    zip.addBuffer(Buffer.from(content), name, { mtime: new Date(0), ...options });
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** A zip file in which a name stands instead of another one of the same length. */
export function renamed(zip: Buffer, name: string, other: string): Buffer {
  if (Buffer.byteLength(name) !== Buffer.byteLength(other)) throw new Error('names differ in length');
  return Buffer.from(zip.toString('latin1').replaceAll(name, other), 'latin1');
}

/** The files below a folder, by their paths. */
export function entriesOf(folder: string): ZipEntries {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const paths = files.map((file) => join(file.parentPath ?? file.path, file.name)).sort();
  return Object.fromEntries(
    paths.map((path) => [path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path)]),
  );
}

/** As Teraslice computes it: SHA-1 of the base64 text. */
export const assetIdOf = (zip: Buffer): string =>
  createHash('sha1').update(zip.toString('base64')).digest('hex');

export const assetJson = (name: string, version: string, more: object = {}): string =>
  JSON.stringify({ name, version, ...more });

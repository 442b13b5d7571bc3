import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import crc32 from 'buffer-crc32';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { CodedError } from '../errors.js';
import { MANIFEST_NAME, writeManifest, type Manifest } from './manifest.js';

/** Files and folders in one bundle, at most. */
const MAX_ENTRIES = 50_000;
/** Bytes that a bundle may unpack to, at most. */
const MAX_BYTES = 1_000_000_000;
/** How many times its own size a bundle may unpack to: source code takes 3 to 10, a zip bomb 1,000 and more. */
const MAX_RATIO = 100;
/** Bytes that even the smallest bundle may unpack to: repetitive data in a small zip is no bomb. */
const MIN_ALLOWED = 20_000_000;

const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const EXECUTABLE = 0o111;

/** Errors of the file system that names in a bundle bring about: two of one name, a file used as a folder. */
const NAME_ERRORS = new Set(['EEXIST', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL', 'EILSEQ']);

const invalid = (reason: string, cause?: unknown): CodedError =>
  new CodedError('ASSET_ZIP_INVALID', { reason }, { cause });

/**
 * Unpacks the zip file of an asset into an empty folder, with a manifest. Only regular files and folders are
 * made, and only below `folder`; what is there after an error must be removed by the caller.
 * @throws CodedError ASSET_ZIP_INVALID if the file is broken, or anything in it is not to be unpacked
 */
export async function unpack(zipPath: string, folder: string): Promise<void> {
  const { size } = await stat(zipPath);
  const zip = await openPromise(zipPath, { lazyEntries: true, autoClose: false }).catch((error: unknown) => {
    throw refusal(error);
  });
  try {
    await writeManifest(folder, await extract(zip, folder, allowedBytes(size)));
  } catch (error) {
    throw refusal(error);
  } finally {
    zip.close();
  }
}

const allowedBytes = (zipSize: number): number =>
  Math.min(MAX_BYTES, Math.max(MIN_ALLOWED, zipSize * MAX_RATIO));

async function extract(zip: ZipFile, folder: string, allowed: number): Promise<Manifest> {
  if (zip.entryCount > MAX_ENTRIES) throw invalid(`it has more than ${MAX_ENTRIES} entries`);
  // Without a prototype: an entry may be named like a property of all objects.
  const manifest = Object.create(null) as Manifest;
  let bytes = 0;
  // Names that leave the folder never come here: the library refuses absolute ones and those with "..".
  for await (const entry of zip.eachEntry()) {
    const name = posix.normalize(entry.fileName);
    const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
    if (name.includes('\0')) throw invalid(`an entry has a NUL in its name: ${JSON.stringify(name)}`);
    if (type !== 0 && type !== REGULAR && type !== DIRECTORY) {
      throw invalid(`${name} is neither a file nor a directory; links and devices are not unpacked`);
    }
    if (name.endsWith('/')) {
      await mkdir(join(folder, name), { recursive: true });
      continue;
    }
    if (entry.isEncrypted()) throw invalid(`${name} is encrypted`);
    if (name === MANIFEST_NAME) throw invalid(`the name ${MANIFEST_NAME} is reserved`);
    // What an entry says of its size is what it holds, or reading it fails.
    bytes += entry.uncompressedSize;
    if (bytes > allowed) throw invalid(`it unpacks to more than ${allowed} bytes`);
    const crc = await write(zip, entry, join(folder, name));
    manifest[name] = [entry.uncompressedSize, crc];
  }
  return manifest;
}

/** @returns the CRC-32 of the file */
async function write(zip: ZipFile, entry: Entry, path: string): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const executable = ((entry.externalFileAttributes >>> 16) & EXECUTABLE) !== 0;
  const checksum = new Checksum();
  await pipeline(
    await zip.openReadStreamPromise(entry),
    checksum,
    createWriteStream(path, { flags: 'wx', mode: executable ? 0o755 : 0o644 }),
  );
  if (checksum.crc !== entry.crc32 >>> 0) throw invalid(`the checksum of ${entry.fileName} is wrong`);
  return checksum.crc;
}

/** Passes bytes on and computes their CRC-32. */
class Checksum extends Transform {
  crc = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.crc = crc32.unsigned(chunk, this.crc);
    done(null, chunk);
  }
}

/** The library's errors have no code, zlib's begin with `Z_`; any other code is an error of this machine. */
function refusal(error: unknown): unknown {
  if (error instanceof CodedError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const ofBundle = code === undefined || code.startsWith('Z_') || NAME_ERRORS.has(code);
  if (!ofBundle) return error;
  return invalid(
    code !== undefined && NAME_ERRORS.has(code) ? `a name in it cannot be used: ${code}` : message,
    error,
  );
}

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
/** Characters of a name, and folders within each other, at most. */
const MAX_NAME = 1_000;
const MAX_DEPTH = 50;
/** Bytes that a folder takes on common file systems: names alone, a few bytes each in a zip, may fill a disk. */
const FOLDER_BYTES = 4_096;
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

const tooMany = (): CodedError => invalid(`it has more than ${MAX_ENTRIES} files and folders`);

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
  if (zip.entryCount > MAX_ENTRIES) throw tooMany();
  // Without a prototype: an entry may be named like a property of all objects.
  const manifest = Object.create(null) as Manifest;
  const size = new UnpackedSize(allowed);
  // Names that leave the folder never come here: the library refuses absolute ones and those with "..".
  for await (const entry of zip.eachEntry()) {
    const name = posix.normalize(entry.fileName);
    const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
    if (name.includes('\0')) throw invalid(`an entry has a NUL in its name: ${JSON.stringify(name)}`);
    if (type !== 0 && type !== REGULAR && type !== DIRECTORY) {
      throw invalid(`${name} is neither a file nor a directory; links and devices are not unpacked`);
    }
    size.addFoldersOf(name);
    if (name.endsWith('/')) {
      await mkdir(join(folder, name), { recursive: true });
      continue;
    }
    if (entry.isEncrypted()) throw invalid(`${name} is encrypted`);
    if (name === MANIFEST_NAME) throw invalid(`the name ${MANIFEST_NAME} is reserved`);
    // What an entry says of its size is what it holds, or reading it fails.
    size.addFile(entry.uncompressedSize);
    const crc = await write(zip, entry, join(folder, name));
    manifest[name] = [entry.uncompressedSize, crc];
  }
  return manifest;
}

/** Adds up what a bundle will take of the disk, before it takes it. @throws CodedError ASSET_ZIP_INVALID */
class UnpackedSize {
  private readonly folders = new Set<string>();
  private files = 0;
  private bytes = 0;

  constructor(private readonly allowed: number) {}

  /** All folders that a name is in, whether the bundle has entries of their own for them or not. */
  addFoldersOf(name: string): void {
    if (name.length > MAX_NAME) throw invalid(`a name in it is longer than ${MAX_NAME} characters`);
    const parts = name.split('/').slice(0, -1);
    if (parts.length > MAX_DEPTH) throw invalid(`a name in it is more than ${MAX_DEPTH} folders deep`);
    for (let depth = parts.length; depth > 0; depth--) {
      const folder = parts.slice(0, depth).join('/');
      if (this.folders.has(folder)) break;
      this.folders.add(folder);
      this.add(FOLDER_BYTES);
    }
  }

  addFile(bytes: number): void {
    this.files++;
    this.add(bytes);
  }

  private add(bytes: number): void {
    this.bytes += bytes;
    if (this.files + this.folders.size > MAX_ENTRIES) throw tooMany();
    if (this.bytes > this.allowed) throw invalid(`it unpacks to more than ${this.allowed} bytes`);
  }
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

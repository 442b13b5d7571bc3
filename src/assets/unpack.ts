import { createWriteStream } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, posix, relative } from 'node:path';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { inflateRawSync } from 'node:zlib';
import crc32 from 'buffer-crc32';
import { fromBufferPromise, openPromise, type Entry, type ZipFile } from 'yauzl';
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

/** Files unpacked at the same time. */
const TOGETHER = 16;
/** Bytes, packed and unpacked, up to which a file is unpacked in memory: streams cost several times what it takes. */
const SMALL = 65_536;
/** Bytes of a bundle up to which it is read at once: each file of it takes four small reads otherwise. */
const IN_MEMORY = 16_000_000;
const STORED = 0;
const DEFLATED = 8;

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
  const zip = await open(zipPath, size).catch((error: unknown) => {
    throw refusal(error, folder);
  });
  try {
    await writeManifest(folder, await extract(zip, folder, allowedBytes(size)));
  } catch (error) {
    throw refusal(error, folder);
  } finally {
    zip.close();
  }
}

async function open(zipPath: string, size: number): Promise<ZipFile> {
  const options = { lazyEntries: true, autoClose: false };
  return size <= IN_MEMORY
    ? fromBufferPromise(await readFile(zipPath), options)
    : openPromise(zipPath, options);
}

const allowedBytes = (zipSize: number): number =>
  Math.min(MAX_BYTES, Math.max(MIN_ALLOWED, zipSize * MAX_RATIO));

async function extract(zip: ZipFile, folder: string, allowed: number): Promise<Manifest> {
  if (zip.entryCount > MAX_ENTRIES) throw tooMany();
  // Without a prototype: an entry may be named like a property of all objects.
  const manifest = Object.create(null) as Manifest;
  const size = new UnpackedSize(allowed);
  const folders = new Set<string>();
  const writing = new Writing();
  const makeFolder = async (path: string): Promise<void> => {
    if (folders.has(path)) return;
    await mkdir(path, { recursive: true });
    folders.add(path);
  };
  try {
    // Names that leave the folder never come here: the library refuses absolute ones and those with "..".
    for await (const entry of zip.eachEntry()) {
      const name = posix.normalize(entry.fileName);
      const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
      if (name.includes('\0')) throw invalid(`an entry has a NUL in its name: ${JSON.stringify(name)}`);
      if (type !== 0 && type !== REGULAR && type !== DIRECTORY) {
        throw invalid(`${name} is neither a file nor a directory; links and devices are not unpacked`);
      }
      size.addFoldersOf(name);
      const path = join(folder, name);
      if (name.endsWith('/')) {
        await makeFolder(path);
        continue;
      }
      if (entry.isEncrypted()) throw invalid(`${name} is encrypted`);
      if (name === MANIFEST_NAME) throw invalid(`the name ${MANIFEST_NAME} is reserved`);
      // What an entry says of its size and checksum is what it holds, or writing it fails.
      size.addFile(entry.uncompressedSize);
      manifest[name] = [entry.uncompressedSize, entry.crc32 >>> 0];
      await makeFolder(dirname(path));
      await writing.add(() => write(zip, entry, path));
    }
  } finally {
    // After a failure, too: nothing may come into being once the caller removes what is there.
    await writing.settled();
  }
  writing.check();
  return manifest;
}

/** Files that are being written, a few at a time. */
class Writing {
  private readonly files = new Set<Promise<void>>();
  private readonly failures: unknown[] = [];

  /** Begins with a file once there is room for it. @throws what an earlier one failed of */
  async add(write: () => Promise<void>): Promise<void> {
    if (this.files.size >= TOGETHER) await Promise.race(this.files);
    this.check();
    const file = write()
      .catch((error: unknown) => void this.failures.push(error))
      .finally(() => this.files.delete(file));
    this.files.add(file);
  }

  async settled(): Promise<void> {
    await Promise.all(this.files);
  }

  /** @throws what the first of those that failed did */
  check(): void {
    if (this.failures.length > 0) throw this.failures[0];
  }
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

async function write(zip: ZipFile, entry: Entry, path: string): Promise<void> {
  const executable = ((entry.externalFileAttributes >>> 16) & EXECUTABLE) !== 0;
  const options = { flag: 'wx', mode: executable ? 0o755 : 0o644 };
  const crc = isSmall(entry)
    ? await writeSmall(await contentOf(zip, entry), path, options)
    : await writeLarge(await zip.openReadStreamPromise(entry), path, options);
  if (crc !== entry.crc32 >>> 0) throw invalid(`the checksum of ${entry.fileName} is wrong`);
}

interface WriteOptions {
  flag: string;
  mode: number;
}

const isSmall = ({ compressionMethod, compressedSize, uncompressedSize }: Entry): boolean =>
  (compressionMethod === STORED || compressionMethod === DEFLATED) &&
  Math.max(compressedSize, uncompressedSize) <= SMALL;

async function contentOf(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const { compressionMethod, fileName, uncompressedSize } = entry;
  if (compressionMethod === STORED) return buffer(await zip.openReadStreamPromise(entry));
  const packed = await buffer(await zip.openReadStreamPromise(entry, { decompress: false }));
  let content: Buffer;
  try {
    content = inflateRawSync(packed, { maxOutputLength: Math.max(uncompressedSize, 1) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw invalid(`${fileName} holds too many bytes: more than ${uncompressedSize}`);
  }
  if (content.length !== uncompressedSize) {
    throw invalid(`${fileName} holds ${content.length} bytes, not ${uncompressedSize}`);
  }
  return content;
}

/** @returns the CRC-32 of the file */
async function writeSmall(content: Buffer, path: string, options: WriteOptions): Promise<number> {
  await writeFile(path, content, options);
  return crc32.unsigned(content, 0);
}

/** @returns the CRC-32 of the file */
async function writeLarge(content: Readable, path: string, { flag, mode }: WriteOptions): Promise<number> {
  const checksum = new Checksum();
  await pipeline(content, checksum, createWriteStream(path, { flags: flag, mode }));
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
function refusal(error: unknown, folder: string): unknown {
  if (error instanceof CodedError) return error;
  const { code, message, path } = error as NodeJS.ErrnoException;
  if (code !== undefined && NAME_ERRORS.has(code)) {
    const name = path === undefined ? 'a name in it' : relative(folder, path) || '.';
    return invalid(`${name} cannot be used: ${code === 'EEXIST' ? 'it is in use already' : code}`, error);
  }
  return code === undefined || code.startsWith('Z_') ? invalid(message, error) : error;
}

import { createHash, randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { BatchProcessor } from '#job-components';
import type { DataEntity } from '#job-components';
import { makeDirectory } from '../../../make-directory.js';
import { extensionOf } from './interfaces.js';
import type { FileExporterConfig } from './interfaces.js';
import { partName, removeLeftovers } from './part-files.js';
import { removeFile, replaceFile } from './replace-file.js';
import { serialize } from './serialize.js';

/** What a host offers to operations about the slice at hand, where there is one. */
interface SliceApi {
  currentSlice(): { attempt: number } | undefined;
}

/** Longer names are hashed: most file systems take 255 bytes, and an unfinished file adds to them. */
const MAX_NAME_LENGTH = 120;

/** A slice id as a file name. Slicers may choose their slice ids freely. */
function toFileName(sliceId: string): string {
  const name = encodeURIComponent(sliceId).replace(/^\./, '%2E');
  return name.length <= MAX_NAME_LENGTH ? name : createHash('sha256').update(sliceId).digest('hex');
}

/**
 * Writes each slice to a file of its own, named after the slice: a slice that runs again replaces its output.
 *
 * State: the id of the slice at hand, set when it is initialized and kept for its retries; and whether the
 * operations are being flushed. What comes in a flush belongs to no slice, so it gets a file of its own: under
 * the last slice's name it would replace that slice's records.
 */
export default class FileExporter extends BatchProcessor<FileExporterConfig> {
  private readonly directory = resolve(this.opConfig.path);
  private readonly extension = extensionOf(this.opConfig);
  private sliceId: string | undefined;
  private flushing = false;

  override async initialize(): Promise<void> {
    await super.initialize();
    makeDirectory(this.directory);
    await removeLeftovers(this.directory);
  }

  async onSliceInitialized(sliceId: string): Promise<void> {
    this.sliceId = sliceId;
  }

  async onFlushStart(): Promise<void> {
    this.flushing = true;
  }

  async onFlushEnd(): Promise<void> {
    this.flushing = false;
  }

  override async onBatch(records: DataEntity[]): Promise<DataEntity[]> {
    const name = `${this.baseName()}${this.extension}`;
    const path = join(this.directory, name);
    if (records.length === 0) {
      await removeFile(path);
      return records;
    }
    const contents = serialize(records, this.opConfig, (record, error) => this.rejectRecord(record, error));
    const part = join(this.directory, partName(name, this.attempt()));
    await replaceFile(path, part, contents, this.opConfig.compression === 'gzip');
    return records;
  }

  private baseName(): string {
    if (this.flushing) return `flush-${randomUUID()}`;
    if (this.sliceId === undefined)
      throw new Error('file_exporter got records before a slice was initialized');
    return toFileName(this.sliceId);
  }

  private attempt(): number | undefined {
    const { temposlice } = this.context.apis as { temposlice?: SliceApi };
    return temposlice?.currentSlice()?.attempt;
  }
}

import { createHash } from 'node:crypto';
import { ParallelSlicer } from '#job-components';
import type { SlicerFn, SlicerRecoveryData } from '#job-components';
import { FileCutter } from './file-cutter.js';
import { findFiles } from './find-files.js';
import type { FileReaderConfig, FileSlice } from './interfaces.js';

/**
 * Which slicer cuts a file depends on nothing but its path and the number of slicers, so that a slicer built
 * anew goes on where the last one was although files were added or removed.
 */
function slicerOf(path: string, slicers: number): number {
  return slicers === 1 ? 0 : createHash('md5').update(path).digest().readUInt32LE(0) % slicers;
}

export default class FileReaderSlicer extends ParallelSlicer<FileReaderConfig> {
  private files: string[] = [];

  override isRecoverable(): boolean {
    return true;
  }

  override async initialize(recoveryData: SlicerRecoveryData[]): Promise<void> {
    this.files = await findFiles(this.opConfig.path);
    this.checkRecoveryData(recoveryData ?? []);
    await super.initialize(recoveryData ?? []);
  }

  override async newSlicer(id: number): Promise<SlicerFn> {
    const files = this.files.filter((path) => slicerOf(path, this.slicerCount) === id);
    const cutter = new FileCutter(files, this.opConfig, this.lastSlice(id));
    return () => cutter.next();
  }

  private get slicerCount(): number {
    return this.executionConfig.slicers ?? 1;
  }

  private lastSlice(id: number): FileSlice | undefined {
    const data = this.recoveryData as SlicerRecoveryData[];
    return data.find(({ slicer_id }) => slicer_id === id)?.lastSlice as FileSlice | undefined;
  }

  /** With another number of slicers the files are divided differently: some would be read twice, some never. */
  private checkRecoveryData(recoveryData: SlicerRecoveryData[]): void {
    for (const { slicer_id: id, lastSlice } of recoveryData) {
      const path = (lastSlice as FileSlice | undefined)?.path;
      if (path === undefined || slicerOf(path, this.slicerCount) === id) continue;
      throw new Error(
        `file_reader cannot go on with ${this.slicerCount} slicers: slicer ${id} had cut ${path} under another number`,
      );
    }
  }
}

import { stat } from 'node:fs/promises';
import { isCuttable } from './interfaces.js';
import type { FileReaderConfig, FileSlice } from './interfaces.js';

/**
 * Cuts files into slices, one after the other, in their order.
 *
 * State: the index of the file at hand, and how much of it (`offset`) of what size has been given. Nothing is
 * read but sizes, and a size only when the file's turn comes. A call that fails changes nothing: the next call
 * tries the same file again.
 */
export class FileCutter {
  private index = 0;
  private offset = 0;
  private total: number | undefined;

  /**
   * @param files sorted paths
   * @param last the slice to go on after; files that sort before it are done
   */
  constructor(
    private readonly files: string[],
    private readonly config: FileReaderConfig,
    last?: FileSlice,
  ) {
    if (!last) return;
    const at = files.findIndex((path) => path >= last.path);
    this.index = at === -1 ? files.length : at;
    if (files[this.index] === last.path) {
      // the size it had then: what has been added since would not have been read either
      this.offset = last.offset + last.length;
      this.total = last.total;
    }
  }

  /** @returns the next slice, null after the last one. Empty files give none. */
  async next(): Promise<FileSlice | null> {
    for (; this.index < this.files.length; this.index += 1, this.offset = 0, this.total = undefined) {
      const path = this.files[this.index]!;
      const total = (this.total ??= (await stat(path)).size);
      if (this.offset >= total) continue;
      const rest = total - this.offset;
      const length = isCuttable(this.config, path) ? Math.min(this.config.size, rest) : rest;
      const slice = { path, offset: this.offset, length, total };
      this.offset += length;
      return slice;
    }
    return null;
  }
}

import { Slicer } from '#job-components';
import type { SlicerRecoveryData } from '#job-components';
import type { DataGeneratorConfig, GeneratorSlice } from './interfaces.js';

export default class DataGeneratorSlicer extends Slicer<DataGeneratorConfig> {
  private next = 0;

  override isRecoverable(): boolean {
    return true;
  }

  override async initialize(recoveryData: SlicerRecoveryData[]): Promise<void> {
    await super.initialize(recoveryData);
    const last = recoveryData?.find(({ slicer_id }) => slicer_id === 0)?.lastSlice as
      GeneratorSlice | undefined;
    if (last) this.next = last.start + last.count;
  }

  override async slice(): Promise<GeneratorSlice | null> {
    const { size, slice_size: sliceSize } = this.opConfig;
    const count = this.canComplete() ? Math.min(sliceSize, size - this.next) : size;
    if (count <= 0) return null;
    const start = this.next;
    this.next += count;
    return { start, count };
  }
}

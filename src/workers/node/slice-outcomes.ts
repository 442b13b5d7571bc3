import type { SliceTuple } from '../../store/types.js';
import { keyOf } from '../../workflows/slice-key.js';
import type { CollectResult } from '../../workflows/types.js';

/** Newest outcomes that are kept for collection: a host has one at a time, and each is collected in seconds. */
const MAX_OUTCOMES = 100;

/** Outcomes of the slices of a host that outlasted their leases. Nothing of the host itself hangs on them. */
export class SliceOutcomes {
  private readonly kept = new Map<string, Promise<CollectResult>>();

  keep(slice: SliceTuple, outcome: Promise<CollectResult>): void {
    this.kept.set(keyOf(slice), outcome);
    if (this.kept.size > MAX_OUTCOMES) this.kept.delete(this.kept.keys().next().value as string);
  }

  /** Undefined if there is no such slice. */
  of(slice: SliceTuple): Promise<CollectResult> | undefined {
    return this.kept.get(keyOf(slice));
  }
}

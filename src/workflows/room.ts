import type { Ledger } from './ledger.js';
import type { ParkedSlices } from './parked-slices.js';
import type { SlicerClient } from './slicer-client.js';
import { MAX_BATCH_BYTES, MAX_STATE_BYTES } from './state-size.js';
import type { Tuning } from './tuning.js';

/** Batches for which an answer of the slicer needs room: its slices, or the last ones of all its slicers. */
const ANSWER_BATCHES = 2;

/** How much more a run may hold. */
export class Room {
  constructor(
    private readonly ledger: Ledger,
    private readonly slicer: SlicerClient,
    private readonly parked: ParkedSlices,
    private readonly tuning: Tuning,
  ) {}

  /** Bytes that the queue may hold, before compression. */
  get queueBytes(): number {
    return this.tuning.maxQueuedBytes / this.ledger.packing;
  }

  /** Bytes that may still be held, when what is on its way will have been taken up. */
  get bytes(): number {
    const { slicer, parked, ledger } = this;
    const coming = (slicer.awaitsSlices ? ANSWER_BATCHES : 0) + (parked.reading ? 1 : 0);
    return MAX_STATE_BYTES - ledger.bytes - slicer.events.bytes - coming * MAX_BATCH_BYTES;
  }

  /** Whether an answer of the slicer may be taken up. */
  get forAnswer(): boolean {
    return this.forBatches(ANSWER_BATCHES);
  }

  /** Whether slices that are parked may be read. */
  get forRead(): boolean {
    return this.forBatches(1);
  }

  /** Where somebody listens to what becomes of slices, a lease will need room of its own for what there is to tell. */
  private forBatches(batches: number): boolean {
    return this.bytes >= MAX_BATCH_BYTES * (batches + (this.slicer.hooks ? 1 : 0));
  }
}

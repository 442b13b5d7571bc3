import { setTimeout as delay } from 'node:timers/promises';
import type { Slice } from '#job-components';
import type { SliceTuple } from '../../store/types.js';
import { wellFormed } from '../../text.js';
import { bytesOf } from '../../workflows/state-size.js';

/** The part of a slicer that a producer drives. */
interface DrivenSlicer {
  handle(): Promise<boolean>;
  getSlices(max: number): Slice[];
  sliceCount(): number;
  maxQueueLength(): number;
  createSlice(input: never, order: number, id?: number): void;
}

/** Pause after a call of the slicer that gave nothing, in ms; Teraslice polls every 3 ms. */
const POLL_MS = 5;

const MAX_SLICER_ID = 2 ** 31 - 1;
/** Most bytes of an id that a reader gives: the store's indexes hold it, and an entry of theirs less than 2,700. */
const MAX_ID_BYTES = 1_024;

interface Group {
  slices: SliceTuple[];
  bytes: number;
}

/**
 * Makes slices ahead of those who want them.
 *
 * All slices that one call of the slicer gave form a group, and a group is handed out whole or not at all:
 * a slicer that is built anew from the last slice issued must not find itself in the middle of a call.
 */
export class SliceProducer {
  /** True once the slicer came to its end and everything was handed out. */
  get exhausted(): boolean {
    return this.done && this.ready.length === 0;
  }

  private ready: Group[] = [];
  private readyCount = 0;
  private readyBytes = 0;
  private target = 0;
  private targetBytes = 0;
  private done = false;
  private stopped = false;
  private failure: { error: unknown } | undefined;
  private working = false;
  /** Looks again at what a taker waits for. */
  private waiter: (() => void) | undefined;
  /** Slices that the reader made whole: they keep their id. */
  private readonly whole = new WeakSet<object>();
  private readonly base: Map<number, number>;

  constructor(
    private readonly slicer: DrivenSlicer,
    last: Array<[number, number, string]>,
  ) {
    // A slicer that was built anew counts from one again.
    this.base = new Map(last.map(([id, order]) => [id, order]));
    const create = slicer.createSlice.bind(slicer);
    slicer.createSlice = (input: never, order: number, id?: number) => {
      if ((input as { slice_id?: string }).slice_id) this.whole.add(input);
      create(input, order, id);
    };
  }

  stop(): void {
    this.stopped = true;
    this.waiter?.();
  }

  /**
   * Whole groups, at least `wanted` if they come in time, at most one group more than that.
   * @throws whatever the slicer threw
   */
  async take(
    wanted: { slices: number; bytes: number },
    queued: number,
    wait: { idle: number; linger: number },
  ): Promise<SliceTuple[]> {
    if (wanted.slices === 0) return [];
    // Readers may keep the queue short, so that slices are made late.
    const room = this.slicer.maxQueueLength() - queued;
    const limit = Math.max(1, Math.min(wanted.slices, room));
    this.target = limit;
    this.targetBytes = wanted.bytes * 2;
    this.work();
    const enough = (): boolean =>
      this.stopped ||
      this.done ||
      this.failure !== undefined ||
      this.readyCount >= limit ||
      this.readyBytes >= wanted.bytes;
    await this.until(() => enough() || this.readyCount > 0, wait.idle);
    if (wait.linger > 0) await this.until(enough, wait.linger);
    // What was made before the failure can still be issued; the failure comes with the next call.
    if (this.failure && this.readyCount === 0) throw this.failure.error;
    const taken: SliceTuple[] = [];
    let bytes = 0;
    for (let group = this.ready[0]; group; group = this.ready[0]) {
      if (taken.length > 0 && (taken.length >= limit || bytes + group.bytes > wanted.bytes)) break;
      this.ready.shift();
      this.readyCount -= group.slices.length;
      this.readyBytes -= group.bytes;
      bytes += group.bytes;
      for (const slice of group.slices) taken.push(slice);
    }
    // For the next calls, as far as the reader lets slices wait.
    this.target = Math.min(limit * 2, room - taken.length);
    this.work();
    return taken;
  }

  /** Waits until the condition holds, at most `ms`; looked at whenever the slicer made something. */
  private async until(condition: () => boolean, ms: number): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.waiter = undefined;
        resolve();
      };
      const timer = setTimeout(finish, ms);
      this.waiter = () => {
        if (condition()) finish();
      };
    });
  }

  private work(): void {
    if (this.working) return;
    this.working = true;
    void this.loop();
  }

  private async loop(): Promise<void> {
    let yielded = performance.now();
    while (this.wantsMore()) {
      let made = false;
      try {
        try {
          this.done = await this.slicer.handle();
        } finally {
          made = this.drain();
        }
      } catch (error) {
        this.failure = { error };
      }
      if (made || this.done || this.failure) this.waiter?.();
      if (!made) await delay(POLL_MS);
      else if (performance.now() - yielded > 20) {
        await new Promise((resolve) => setImmediate(resolve));
        yielded = performance.now();
      }
    }
    // At once, not in a later microtask: whoever takes slices now must be able to start it anew.
    this.working = false;
  }

  private wantsMore(): boolean {
    const ended = this.done || this.stopped || this.failure !== undefined;
    return !ended && this.readyCount < this.target && this.readyBytes < this.targetBytes;
  }

  /**
   * Takes everything out of the slicer's own queue, as one group.
   * @throws TypeError if a slice is none that can be told apart and stored, or its request cannot be written as JSON
   */
  private drain(): boolean {
    const slices = this.slicer.getSlices(this.slicer.sliceCount());
    if (slices.length === 0) return false;
    const tuples = slices.map((slice): SliceTuple => {
      const request = JSON.stringify(slice.request ?? null);
      const id = slice.slicer_id ?? 0;
      if (this.whole.has(slice)) return checked([id, slice.slicer_order ?? 0, request, slice.slice_id]);
      return [id, (this.base.get(id) ?? 0) + slice.slicer_order, request];
    });
    const bytes = tuples.reduce((sum, tuple) => sum + bytesOf(tuple), 0);
    this.ready.push({ slices: tuples, bytes });
    this.readyCount += tuples.length;
    this.readyBytes += bytes;
    return true;
  }
}

/** A slice that the reader made whole may say anything of itself. */
function checked(slice: Required<SliceTuple>): Required<SliceTuple> {
  const [slicer, order, , id] = slice;
  const wrong = (what: string): TypeError => new TypeError(`a slice that the reader made whole has ${what}`);
  if (!Number.isInteger(slicer) || Math.abs(slicer) > MAX_SLICER_ID) {
    throw wrong(`a slicer_id that is no integer of 32 bits: ${JSON.stringify(slicer)}`);
  }
  if (!Number.isSafeInteger(order)) {
    throw wrong(`a slicer_order that is no integer: ${JSON.stringify(order)}`);
  }
  if (typeof id !== 'string' || id !== wellFormed(id)) {
    throw wrong(`a slice_id that is no text without NUL or halves of surrogate pairs: ${JSON.stringify(id)}`);
  }
  const bytes = Buffer.byteLength(id);
  if (bytes > MAX_ID_BYTES) throw wrong(`a slice_id of ${bytes} bytes; the limit is ${MAX_ID_BYTES}`);
  return slice;
}

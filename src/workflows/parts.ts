import * as wf from '@temporalio/workflow';
import { backOff } from './back-off.js';
import { FailedSlices } from './failed-slices.js';
import { Failing } from './failing.js';
import { Leases } from './leases.js';
import { LeaseSizing } from './lease-sizing.js';
import { Ledger } from './ledger.js';
import { Overtime } from './overtime.js';
import { ParkedSlices } from './parked-slices.js';
import { Room } from './room.js';
import { SlicerClient } from './slicer-client.js';
import type { StatusLog } from './status-log.js';
import { tuningOf, type Tuning } from './tuning.js';
import type { Carried, ExecutionSettings } from './types.js';

/** What a run works with once its execution is claimed. */
export interface Parts {
  settings: ExecutionSettings;
  tuning: Tuning;
  sizing: LeaseSizing;
  ledger: Ledger;
  slicer: SlicerClient;
  parked: ParkedSlices;
  room: Room;
  failedSlices: FailedSlices;
  leases: Leases;
  overtime: Overtime;
  failing: Failing;
}

/** What the run hears of its parts. */
export interface PartsListener {
  /** Something happened after which more may be started. */
  changed(): void;
  /** The slicer has answered. */
  slicerAnswered(): void;
  /** There will be no more slices. */
  slicerFailed(reason: string): void;
  sliceFailed(): void;
  /** The store will not have failed slices. */
  failuresRefused(reason: string): void;
  /** Whether a stop is wanted. */
  stopped(): boolean;
}

/** Runs that began before there was a pause know none. */
const dueAgain = (tries: number): number =>
  wf.patched('back-off') ? Date.now() + backOff(tries, Math.random()) : 0;

/**
 * @param carried state of the run that this one continues
 * @param log where it shows when slices have failed
 */
export function makeParts(
  exId: string,
  settings: ExecutionSettings,
  carried: Carried | undefined,
  log: StatusLog,
  listener: PartsListener,
): Parts {
  const tuning = tuningOf(settings.tuning);
  const sizing = new LeaseSizing(tuning);
  const ledger = new Ledger(settings.maxRetries, carried?.ledger, dueAgain);
  const changed = (): void => listener.changed();
  const slicer = new SlicerClient(
    exId,
    ledger,
    carried?.slicer,
    {
      answered: () => listener.slicerAnswered(),
      failed: (reason) => listener.slicerFailed(reason),
      changed,
    },
    tuning,
  );
  const unread = carried ?? { recoveredPosition: settings.recovery ? 0 : null };
  const parked = new ParkedSlices(exId, ledger, slicer.state, changed, tuning, unread);
  const room = new Room(ledger, slicer, parked, tuning);
  const failing = new Failing(exId, settings, ledger, log, carried?.probation);
  const failedSlices = new FailedSlices(exId, ledger, parked, {
    sliceFailed: () => listener.sliceFailed(),
    refused: (reason) => listener.failuresRefused(reason),
    takenUp: () => failing.takenUp(),
    changed,
  });
  const leases = new Leases(exId, ledger, slicer, failedSlices, room, sizing, changed, carried);
  const stopped = (): boolean => listener.stopped();
  const overtime = new Overtime(exId, ledger, slicer.events, failedSlices, stopped, changed);
  return {
    settings,
    tuning,
    sizing,
    ledger,
    slicer,
    parked,
    room,
    failedSlices,
    leases,
    overtime,
    failing,
  };
}

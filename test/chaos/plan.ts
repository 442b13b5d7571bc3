import { Random } from '../support/random.js';

export const ACTIONS = ['kill', 'suspend', 'restart'] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * Hosts, members (processes that a supervisor starts), several members at once, everything at once, and the
 * supervisor itself, where it is a process of the product.
 */
export const TARGETS = [
  'worker',
  'slicer',
  'node',
  'master',
  'temporal',
  'several',
  'everything',
  'supervisor',
] as const;
export type Target = (typeof TARGETS)[number];

/** One fault of a plan. Whom exactly it hits is decided by `choice` among those that are there by then. */
export interface Fault {
  number: number;
  action: Action;
  target: Target;
  /** When it begins, in ms since the faults began. */
  at: number;
  /** How long what was killed stays down or what was suspended stands still, in ms. */
  lasts: number;
  /** 0 ≤ choice < 1. */
  choice: number;
}

export interface PlanOptions {
  seed: number;
  kinds: ReadonlyArray<[Action, Target]>;
  /** Time for faults to begin in, in ms; undefined: one fault of each kind. */
  within?: number;
  /** Longest suspension, in ms. */
  longest: number;
}

/** Longest time that something killed stays down, in ms. */
const LONGEST_DOWN = 10_000;
/** Share of faults that begin before the one ahead of them is over. */
const OVERLAPPING = 0.2;
/** Shortest and longest time between a fault that is over and the next, in ms. */
const GAP: [number, number] = [3_000, 14_000];

/** What can be done to whom. A host that gets SIGTERM ends as if it were killed, so only members are restarted. */
export function faultKinds(targets: readonly Target[]): Array<[Action, Target]> {
  const possible: Record<Action, readonly Target[]> = {
    kill: TARGETS,
    suspend: TARGETS.filter((target) => target !== 'supervisor'),
    restart: ['node', 'master', 'temporal', 'several'],
  };
  return ACTIONS.flatMap((action) =>
    possible[action]
      .filter((target) => targets.includes(target))
      .map((target): [Action, Target] => [action, target]),
  );
}

/** The same faults at the same times for the same options. */
export function planFaults({ seed, kinds, within, longest }: PlanOptions): Fault[] {
  const random = new Random(seed);
  const faults: Fault[] = [];
  let bag: Array<[Action, Target]> = [];
  let at = random.int(1_000, GAP[1]);
  while (within === undefined ? faults.length < kinds.length : at < within) {
    // Out of a bag: each kind comes once before any comes twice.
    if (bag.length === 0) bag = [...kinds];
    const [[action, target]] = bag.splice(random.int(0, bag.length - 1), 1) as [[Action, Target]];
    const most = action === 'suspend' ? longest : Math.min(LONGEST_DOWN, longest);
    // Mostly short, sometimes long.
    const lasts = Math.round(1_000 + (most - 1_000) * random.next() ** 2);
    faults.push({ number: faults.length + 1, action, target, at, lasts, choice: random.next() });
    at += random.chance(OVERLAPPING) ? random.int(100, lasts) : lasts + random.int(...GAP);
  }
  return faults;
}

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
  /** It begins while the one ahead of it lasts; else once that one is over and work goes on. */
  overlaps: boolean;
  /** Time to wait then, in ms: after the begin of the one ahead, or after work goes on. */
  wait: number;
  /** How long what was killed stays down or what was suspended stands still, in ms. */
  lasts: number;
  /** 0 ≤ choice < 1. */
  choice: number;
}

export interface PlanOptions {
  seed: number;
  kinds: ReadonlyArray<[Action, Target]>;
  /** Longest suspension, in ms. */
  longest: number;
}

/** Longest time that something killed stays down, in ms. */
const LONGEST_DOWN = 10_000;
/** Share of faults that begin before the one ahead of them is over. */
const OVERLAPPING = 0.25;
/** Shortest and longest wait before a fault that overlaps none, in ms. */
const WAIT: [number, number] = [500, 4_000];

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

/** Faults without end, the same for the same options. Each kind comes once before any comes twice. */
export function* planFaults({ seed, kinds, longest }: PlanOptions): Generator<Fault, never> {
  const random = new Random(seed);
  let bag: Array<[Action, Target]> = [];
  let ahead = 0;
  for (let number = 1; ; number++) {
    if (bag.length === 0) bag = [...kinds];
    const [[action, target]] = bag.splice(random.int(0, bag.length - 1), 1) as [[Action, Target]];
    const most = action === 'suspend' ? longest : Math.min(LONGEST_DOWN, longest);
    // Mostly short, sometimes long.
    const lasts = Math.round(1_000 + (most - 1_000) * random.next() ** 2);
    const overlaps = number > 1 && random.chance(OVERLAPPING);
    const wait = overlaps ? random.int(0, ahead) : random.int(...WAIT);
    yield { number, action, target, overlaps, wait, lasts, choice: random.next() };
    ahead = lasts;
  }
}

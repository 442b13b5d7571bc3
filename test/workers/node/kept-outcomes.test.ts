import type { CollectResult } from '../../../src/workflows/types.js';
import { KeptOutcomes } from '../../../src/workers/node/kept-outcomes.js';

const leases = { overtime: false, outcomeOf: (): Promise<CollectResult> | undefined => undefined };

it('keeps the outcomes of hosts that had a slice beyond its lease, until the execution leaves the node', () => {
  const kept = new KeptOutcomes();
  const long = { id: 'long', exId: 'ex', leases: { ...leases, overtime: true } };
  kept.remember([long]);
  // Its slice has ended, and then it has ended itself.
  long.leases.overtime = false;
  kept.remember([long]);
  kept.remember([]);
  kept.forgetExcept(new Set(['ex']));
  expect(kept.of('long')).toBe(long.leases);
  kept.forgetExcept(new Set(['other']));
  expect(kept.of('long')).toBeUndefined();
});

it('keeps nothing of a host that never had one', () => {
  const kept = new KeptOutcomes();
  kept.remember([{ id: 'short', exId: 'ex', leases }]);
  expect(kept.of('short')).toBeUndefined();
});

import { KeptOutcomes } from '../../../src/workers/node/kept-outcomes.js';
import { SliceOutcomes } from '../../../src/workers/node/slice-outcomes.js';
import { collectGarbage } from '../../support/garbage.js';

const leases = { overtime: false, outcomes: new SliceOutcomes() };

it('keeps the outcomes of hosts that had a slice beyond its lease, until the execution leaves the node', () => {
  const kept = new KeptOutcomes();
  const long = { id: 'long', exId: 'ex', leases: { ...leases, overtime: true } };
  kept.remember([long]);
  // Its slice has ended, and then it has ended itself.
  long.leases.overtime = false;
  kept.remember([long]);
  kept.remember([]);
  kept.forgetExcept(new Set(['ex']));
  expect(kept.of('long')).toBe(long.leases.outcomes);
  kept.forgetExcept(new Set(['other']));
  expect(kept.of('long')).toBeUndefined();
});

it('keeps nothing of a host that never had one', () => {
  const kept = new KeptOutcomes();
  kept.remember([{ id: 'short', exId: 'ex', leases }]);
  expect(kept.of('short')).toBeUndefined();
});

it('keeps nothing else of a host that had one', async () => {
  const kept = new KeptOutcomes();
  const remembered = (() => {
    const host = { id: 'long', exId: 'ex', leases: { overtime: true, outcomes: new SliceOutcomes() } };
    kept.remember([host]);
    return new WeakRef(host.leases);
  })();
  // A reference is held to the end of the turn that made it.
  await new Promise(setImmediate);
  collectGarbage();
  expect(remembered.deref()).toBeUndefined();
  expect(kept.of('long')).toBeDefined();
});

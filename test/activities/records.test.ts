import { masterActivities } from '../../src/activities/records.js';
import type { Placement } from '../../src/workers/placement/placement.js';
import type { Store } from '../../src/store/types.js';

it('does not take recovered slices that are not there for the end of them', async () => {
  const store = {
    executions: { get: async () => ({ recovered_at_insert: 3 }) },
    pages: { recovered: async () => ({ slices: [], next: null, total: 3 }) },
  } as unknown as Store;
  const { recoveredSlices } = masterActivities({ store, placement: {} as Placement, fenceTimeout: 1 });
  const read = (position: number) => recoveredSlices({ exId: 'ex', position, limit: 10, bytes: 100 });
  await expect(read(1)).rejects.toThrow('recovered slice 1 of ex is not in the store');
  await expect(read(3)).resolves.toEqual({ slices: [], next: null });
});

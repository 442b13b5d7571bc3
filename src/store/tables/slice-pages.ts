import type { Database } from '../schema.js';
import type { SlicePageStore } from '../types.js';
import { readRecovered } from './recovered-slices.js';

export function slicePageStore(db: Database): SlicePageStore {
  return {
    recovered: readRecovered(db),

    async writePage(exId, pageId, slices) {
      await db
        .insertInto('slice_pages')
        .values({ ex_id: exId, page_id: pageId, slices: JSON.stringify(slices) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async readPage(exId, pageId) {
      const row = await db
        .selectFrom('slice_pages')
        .select('slices')
        .where('ex_id', '=', exId)
        .where('page_id', '=', pageId)
        .executeTakeFirst();
      if (!row) throw new Error(`page ${pageId} of execution ${exId} is not in the store`);
      return row.slices;
    },

    async clear(exId) {
      await db.deleteFrom('slice_pages').where('ex_id', '=', exId).execute();
    },
  };
}

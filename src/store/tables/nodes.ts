import { sql } from 'kysely';
import type { Database } from '../schema.js';
import type { NodeRow } from '../types.js';

/** Writes a node's presence; true if this incarnation of it was not known. */
export async function recordPresence(db: Database, node: NodeRow): Promise<boolean> {
  const { node_id: _, ...columns } = node;
  const { known } = await db
    .with('before', (cte) =>
      cte.selectFrom('nodes').select('incarnation').where('node_id', '=', node.node_id),
    )
    .insertInto('nodes')
    .values(node)
    .onConflict((conflict) => conflict.column('node_id').doUpdateSet(columns))
    .returning(sql<boolean>`exists (select from before where incarnation = ${node.incarnation})`.as('known'))
    .executeTakeFirstOrThrow();
  return !known;
}

export const selectNodes = (db: Database): Promise<NodeRow[]> =>
  db.selectFrom('nodes').selectAll().orderBy('node_id').execute();

export async function deleteNode(db: Database, nodeId: string): Promise<void> {
  await db.deleteFrom('nodes').where('node_id', '=', nodeId).execute();
}

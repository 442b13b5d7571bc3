import { sql } from 'kysely';
import { CodedError } from '../../errors.js';
import type { Database } from '../schema.js';
import type { NodeRow } from '../types.js';

/** Earlier incarnations that are remembered of a node. */
const REMEMBERED = 20;

const COLUMNS = [
  ...(['node_id', 'incarnation', 'hostname', 'pid', 'slots', 'node_version', 'version'] as const),
  ...(['seen', 'draining', 'fence'] as const),
];

/** See `PlacementStore.presence`. */
export async function recordPresence(db: Database, node: NodeRow): Promise<boolean> {
  const { node_id: nodeId, ...columns } = { fence: 'connected' as const, ...node };
  const superseded = sql<string[]>`case when nodes.incarnation = excluded.incarnation then nodes.superseded
    else (array_append(nodes.superseded, nodes.incarnation))
      [greatest(1, cardinality(nodes.superseded) + 2 - ${REMEMBERED}::integer):] end`;
  const written = await db
    .with('before', (cte) => cte.selectFrom('nodes').select('incarnation').where('node_id', '=', nodeId))
    .insertInto('nodes')
    .values(node)
    .onConflict((conflict) =>
      conflict
        .column('node_id')
        .doUpdateSet({ ...columns, superseded })
        .where(sql<boolean>`not excluded.incarnation = any(nodes.superseded)`),
    )
    .returning(sql<boolean>`exists (select from before where incarnation = ${node.incarnation})`.as('known'))
    .executeTakeFirst();
  if (written) return !written.known;
  const holder = await db
    .selectFrom('nodes')
    .select(['hostname', 'pid'])
    .where('node_id', '=', nodeId)
    .executeTakeFirst();
  throw new CodedError('NODE_REPLACED', { node_id: nodeId, ...holder });
}

export const selectNodes = (db: Database): Promise<NodeRow[]> =>
  db.selectFrom('nodes').select(COLUMNS).orderBy('node_id').execute();

export async function deleteNode(
  db: Database,
  { node_id: nodeId, incarnation }: Pick<NodeRow, 'node_id' | 'incarnation'>,
): Promise<void> {
  await db.deleteFrom('nodes').where('node_id', '=', nodeId).where('incarnation', '=', incarnation).execute();
}

import {
  OperationNodeTransformer,
  type KyselyPlugin,
  type PrimitiveValueListNode,
  type RootOperationNode,
  type ValueNode,
} from 'kysely';
import { wellFormed } from '../text.js';

/**
 * PostgreSQL refuses a statement that holds a text it has no place for, so none is sent, in what is stored as in what
 * is looked for. Documents hold such texts nevertheless: JSON writes them as escapes, which `json` columns keep.
 */
function placeable(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  return Array.isArray(value) ? value.map(placeable) : value;
}

class WellFormedTransformer extends OperationNodeTransformer {
  protected override transformValue(node: ValueNode): ValueNode {
    return { ...node, value: placeable(node.value) };
  }

  protected override transformPrimitiveValueList(node: PrimitiveValueListNode): PrimitiveValueListNode {
    return { ...node, values: node.values.map(placeable) };
  }
}

export function wellFormedPlugin(): KyselyPlugin {
  const transformer = new WellFormedTransformer();
  return {
    transformQuery: ({ node }): RootOperationNode => transformer.transformNode(node),
    transformResult: async ({ result }) => result,
  };
}

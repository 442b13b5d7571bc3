import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Logger } from '../../logger.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/types.js';

const KEYWORD = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/**
 * Makes sure that executions can be found by job and status in Temporal. Registering takes rights that we
 * may not have: then executions are found by their id only. True if all attributes are there.
 */
export async function registerSearchAttributes(
  connection: Connection,
  namespace: string,
  logger: Logger,
): Promise<boolean> {
  const listed = async (): Promise<string[]> => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return Object.keys(customAttributes ?? {});
  };
  try {
    const known = await listed();
    const missing = SEARCH_ATTRIBUTES.filter((name) => !known.includes(name));
    if (missing.length === 0) return true;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
    return SEARCH_ATTRIBUTES.every((name) => (known.includes(name) ? true : missing.includes(name)));
  } catch (error) {
    logger.warn({ err: error }, 'search attributes cannot be registered: executions are found by id only');
    return false;
  }
}

import type { OrderByModifiersCallbackExpression } from 'kysely';
import type { Fields, Paging } from '../fields.js';

/** The order of a list as Kysely wants it. */
export const orderBy =
  <F extends Fields>({ direction, nullable }: Paging<F>): OrderByModifiersCallbackExpression =>
  (column) => {
    const ordered = direction === 'asc' ? column.asc() : column.desc();
    return nullable ? ordered.nullsLast() : ordered;
  };

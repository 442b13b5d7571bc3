import { type RawBuilder, sql, type SqlBool } from 'kysely';
import { CodedError } from '../../errors.js';
import { cut } from '../../text.js';
import type { Fields } from '../fields.js';
import { type Alternative, Comparisons, type Condition } from './comparisons.js';
import { FilterError } from './filter-error.js';
import { TIME_LIMIT } from './time-limit.js';
import { type FilterNode, parseFilter, type Part, type Term, type Value } from './parse.js';

/** Characters of a filter that an error shows from the place on. */
const EXCERPT = 30;

export interface FilterOptions {
  /** Where a field's values are: by default the column of its name. */
  column?: (field: string) => RawBuilder<unknown>;
  /** What `now` means in dates, in ms since 1970. Default: the time of the call. */
  now?: number;
  /** Longest time that the statement may look for words and wildcards, in ms. Default: `TIME_LIMIT`. */
  limitMs?: number;
}

/**
 * Compiles a filter in Lucene's syntax into a condition for SQL. Nothing of its text becomes SQL: names are
 * those of `fields`, values are bound parameters. A condition that is null (a field that is missing)
 * matches nothing, and its negation everything, as in Lucene.
 *
 * @throws CodedError BAD_FILTER that points at the place
 */
export function compileFilter(
  filter: string,
  fields: Fields,
  options: FilterOptions = {},
): RawBuilder<SqlBool> {
  try {
    return new Compiler(fields, options).compile(parseFilter(filter));
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const rest = filter.slice(error.at);
    const near = rest === '' ? 'its end' : `"${cut(rest, EXCERPT)}"`;
    throw new CodedError('BAD_FILTER', { at: error.at + 1, near, reason: error.message }, { cause: error });
  }
}

class Compiler {
  private readonly comparisons: Comparisons;

  constructor(
    private readonly fields: Fields,
    { column = (field) => sql.ref(field), now = Date.now(), limitMs = TIME_LIMIT }: FilterOptions,
  ) {
    this.comparisons = new Comparisons(fields, column, now, limitMs);
  }

  /** `field`: that of the group around the node. */
  compile(node: FilterNode, field?: string): Condition {
    switch (node.type) {
      case 'all':
        return sql<SqlBool>`true`;
      case 'and': {
        const conditions = node.nodes.map((one) => this.compile(one, field));
        return sql<SqlBool>`(${sql.join(conditions, sql.raw(' and '))})`;
      }
      case 'must':
        return this.compile(node.node, field);
      case 'not':
        return sql<SqlBool>`(${this.compile(node.node, field)}) is not true`;
      case 'or':
      case 'group':
      case 'value':
        return this.comparisons.anyOf(this.alternatives(node, field));
    }
  }

  /** Of which one must match. */
  private alternatives(node: FilterNode, field: string | undefined): Alternative[] {
    switch (node.type) {
      case 'or':
        return node.nodes.flatMap((one) => this.alternatives(one, field));
      case 'group':
        return this.alternatives(node.node, this.known(node.field, node.at));
      case 'value':
        return this.value(node, field);
      default:
        return [this.compile(node, field)];
    }
  }

  private value(value: Value, group: string | undefined): Alternative[] {
    if (value.field === '_exists_') return [this.exists(value)];
    const field = value.field === undefined ? group : this.known(value.field, value.fieldAt ?? value.at);
    if (field !== undefined) {
      return isAnything(value) ? [this.comparisons.exists(field)] : this.comparisons.compare(field, value);
    }
    if (isAnything(value)) return [sql<SqlBool>`true`];
    if (value.kind === 'range') throw new FilterError(value.at, 'a range needs a field');
    return this.comparisons.compareAny(value);
  }

  private exists(value: Value): Condition {
    const [field] = value.kind === 'term' ? value.parts : [];
    if (typeof field !== 'string' || (value.kind === 'term' && value.parts.length > 1)) {
      throw new FilterError(value.at, '_exists_ needs the name of a field');
    }
    return this.comparisons.exists(this.known(field, value.at));
  }

  private known(field: string, at: number): string {
    if (Object.hasOwn(this.fields, field)) return field;
    const known = Object.keys(this.fields).join(', ');
    throw new FilterError(at, `unknown field "${field}", must be one of: ${known}`);
  }
}

const isStar = (part: Part | undefined): boolean => typeof part === 'object' && part.wildcard === '*';

/** `*`, or a range without ends. */
function isAnything(value: Value): boolean {
  if (value.kind === 'range') return value.min === undefined && value.max === undefined;
  return (value satisfies Term).parts.length > 0 && value.parts.every(isStar);
}

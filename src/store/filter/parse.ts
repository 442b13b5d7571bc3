import peggy, { type Parser } from 'peggy';
import { FilterError } from './filter-error.js';
import { GRAMMAR } from './grammar.js';

/** A place in the text of a filter: characters before it. */
type At = { at: number };
/** Literal text and the wildcards `*` (any characters) and `?` (one) between it. */
export type Part = string | { wildcard: '*' | '?' };
export type Term = { type: 'value'; kind: 'term'; parts: Part[]; phrase?: true } & At;
export type Bound = Term & { closed: boolean };
export type Range = { type: 'value'; kind: 'range'; min?: Bound; max?: Bound } & At;
/** Without a `field` the value is looked for in all of them, or in that of the group around it. */
export type Value = (Term | Range) & { field?: string; fieldAt?: number };

export type FilterNode =
  | { type: 'all' }
  | { type: 'and' | 'or'; nodes: FilterNode[] }
  | { type: 'not' | 'must'; node: FilterNode }
  | ({ type: 'group'; field: string; node: FilterNode } & At)
  | Value;

/** Characters of a filter: enough for a hundred ids. */
const MAX_LENGTH = 8_192;
/** Parentheses within each other. */
const MAX_DEPTH = 32;

let generated: Parser | undefined;

/** With a cache it tries nothing twice: its time is linear in the length, whatever the nesting. */
const parserOf = (grammar: string): Parser => (generated ??= peggy.generate(grammar, { cache: true }));

/** @throws FilterError that points at the place */
export function parseFilter(text: string): FilterNode {
  if (text.length > MAX_LENGTH)
    throw new FilterError(MAX_LENGTH, `it is longer than ${MAX_LENGTH} characters`);
  checkDepth(text);
  const parser = parserOf(GRAMMAR);
  try {
    return parser.parse(text) as FilterNode;
  } catch (error) {
    if (!(error instanceof parser.SyntaxError)) throw error;
    const { message, location } = error as peggy.parser.SyntaxError;
    throw new FilterError(location.start.offset, message.replace(/^Expected/, 'expected').replace(/\.$/, ''));
  }
}

function checkDepth(text: string): void {
  let depth = 0;
  // Escaped characters and phrases are passed over.
  for (const { 0: token, index } of text.matchAll(/\\.|"(?:\\.|[^"\\])*"|[()]/gs)) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (depth > MAX_DEPTH) throw new FilterError(index, `parentheses are nested more than ${MAX_DEPTH} deep`);
  }
}

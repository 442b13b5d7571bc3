import { type RawBuilder, sql, type SqlBool } from 'kysely';
import type { Fields, FieldType } from '../fields.js';
import { FilterError } from './filter-error.js';
import type { Bound, Part, Range, Term, Value } from './parse.js';
import { likePattern, wordPattern, wordsOf } from './patterns.js';
import { readTime, type Span } from './times.js';
import { inTime } from './time-limit.js';

export type Condition = RawBuilder<SqlBool>;
/** One of several ways to match: a condition, or words to look for in a field by a regular expression. */
export type Alternative = Condition | { field: string; pattern: string };

/** Comparisons in one condition; a term without a field is one for each field. */
const MAX_COMPARISONS = 500;
/** Of these, those that look for wildcards or words: they read through texts. */
const MAX_SEARCHES = 40;
/**
 * Different regular expressions. PostgreSQL keeps the 32 that a session used last (MAX_CACHED_RES of its
 * `regexp.c`); with one more, each row would compile all of them anew, which takes 200 times as long.
 */
const MAX_PATTERNS = 24;
/**
 * Characters of these together: 4 for a letter, 16 for a wildcard. Half a second for the reasons of 12,500 failed
 * executions, of 600 characters each, in the embedded store.
 */
const MAX_PATTERN_LENGTH = 4_096;
/** Wildcards `*` in one term, and in all: each may be tried at each character. */
const MAX_WILDCARDS = 8;
const MAX_WILDCARDS_IN_ALL = 48;

/** Turns comparisons of one filter into SQL, and counts them. */
export class Comparisons {
  private made = 0;
  private searches = 0;
  private wildcards = 0;
  private readonly patterns = new Set<string>();
  private patternLength = 0;

  constructor(
    private readonly fields: Fields,
    private readonly column: (field: string) => RawBuilder<unknown>,
    private readonly now: number,
    private readonly limitMs: number,
  ) {}

  exists(field: string): Condition {
    this.made++;
    return sql<SqlBool>`${this.column(field)} is not null`;
  }

  /** @throws FilterError if the value is none for the field's type */
  compare(field: string, value: Value): Alternative[] {
    const alternatives = this.fitting(field, value);
    if (alternatives.length > 0) return alternatives;
    throw new FilterError(value.at, `${field} is a ${NAMES[this.fields[field]!]}, which this is not`);
  }

  /** For a term that says no field: any field whose type it fits. */
  compareAny(term: Term): Alternative[] {
    return Object.keys(this.fields).flatMap((field) => this.fitting(field, term));
  }

  /**
   * Any of these. All words to look for in one field become one regular expression, which takes hardly longer than
   * each of them does: a text is read once.
   */
  anyOf(alternatives: Alternative[]): Condition {
    const patterns = new Map<string, Set<string>>();
    const conditions: Condition[] = [];
    for (const one of alternatives) {
      if (!('pattern' in one)) conditions.push(one);
      else patterns.set(one.field, (patterns.get(one.field) ?? new Set()).add(one.pattern));
    }
    for (const [field, ofField] of patterns) {
      const pattern = [...ofField].map((one) => `(?:${one})`).join('|');
      conditions.push(sql<SqlBool>`${this.inTime(field)} ~ ${pattern}`);
    }
    return sql<SqlBool>`(${sql.join(conditions, sql.raw(' or '))})`;
  }

  /** None if the value does not fit the field's type. */
  private fitting(field: string, value: Value): Alternative[] {
    if (++this.made > MAX_COMPARISONS) {
      throw new FilterError(value.at, `more than ${MAX_COMPARISONS} comparisons`);
    }
    if (value.kind === 'term' && this.fields[field] === 'words') return this.words(field, value);
    const column = this.column(field);
    const condition =
      value.kind === 'term'
        ? this.term(column, this.fields[field]!, value)
        : this.range(column, this.fields[field]!, value);
    return condition === undefined ? [] : [condition];
  }

  private term(column: RawBuilder<unknown>, type: FieldType, term: Term): Condition | undefined {
    const text = plain(term.parts);
    switch (type) {
      case 'words':
        return undefined;
      case 'text':
        if (text !== undefined) return sql<SqlBool>`${column} = ${text}`;
        this.countSearch(term);
        return sql<SqlBool>`${column} like ${likePattern(term.parts)}`;
      case 'texts':
        if (text !== undefined) return sql<SqlBool>`${text} = any(${column})`;
        this.countSearch(term);
        return sql<SqlBool>`exists (
          select from unnest(${column}) as one where ${inTime(sql`one`, this.limitMs)} like ${likePattern(term.parts)}
        )`;
      case 'boolean':
        return text === 'true' || text === 'false' ? sql<SqlBool>`${column} = ${text === 'true'}` : undefined;
      case 'number': {
        const number = readNumber(text);
        return number === undefined ? undefined : sql<SqlBool>`${column} = ${number}::double precision`;
      }
      case 'time': {
        const span = this.time(text);
        if (span === undefined) return undefined;
        return sql<SqlBool>`(${column} >= ${time(span.from)} and ${column} < ${time(span.to)})`;
      }
    }
  }

  /**
   * Words within a text: of a phrase one behind the other, else any of them, as of `daily-import`. What has wildcards
   * may also be the text as a whole.
   */
  private words(field: string, term: Term): Alternative[] {
    this.countSearch(term);
    const { parts, phrase, at } = term;
    const text = plain(parts);
    const patterns = (text === undefined || phrase ? [parts] : wordsOf(text).map((word) => [word])).flatMap(
      (one) => wordPattern(one) ?? [],
    );
    for (const pattern of patterns) this.take(pattern, at);
    return [
      ...patterns.map((pattern) => ({ field, pattern })),
      ...(text === undefined ? [sql<SqlBool>`${this.inTime(field)} like ${likePattern(parts)}`] : []),
      ...(patterns.length === 0 && text !== undefined ? [sql<SqlBool>`${this.column(field)} = ${text}`] : []),
    ];
  }

  /** The text of a field, to be searched. */
  private inTime(field: string): RawBuilder<unknown> {
    return inTime(this.column(field), this.limitMs);
  }

  /** Counts what reads through texts. */
  private countSearch(term: Term): void {
    if (++this.searches > MAX_SEARCHES) {
      throw new FilterError(term.at, `more than ${MAX_SEARCHES} searches for words or wildcards`);
    }
    const wildcards = term.parts.filter((part) => typeof part === 'object' && part.wildcard === '*').length;
    if (wildcards > MAX_WILDCARDS) {
      throw new FilterError(term.at, `more than ${MAX_WILDCARDS} wildcards * in one term`);
    }
    this.wildcards += wildcards;
    if (this.wildcards > MAX_WILDCARDS_IN_ALL) {
      throw new FilterError(term.at, `more than ${MAX_WILDCARDS_IN_ALL} wildcards * to look for`);
    }
  }

  /** Counts a regular expression. */
  private take(pattern: string, at: number): void {
    if (this.patterns.has(pattern)) return;
    this.patterns.add(pattern);
    this.patternLength += pattern.length;
    if (this.patterns.size > MAX_PATTERNS) {
      throw new FilterError(at, `more than ${MAX_PATTERNS} different words or phrases to look for in texts`);
    }
    if (this.patternLength > MAX_PATTERN_LENGTH) {
      throw new FilterError(at, 'the words and wildcards to look for in texts are too long together');
    }
  }

  private range(column: RawBuilder<unknown>, type: FieldType, { min, max }: Range): Condition | undefined {
    const ends = [
      ...(min === undefined ? [] : [this.end(type, min, min.closed ? '>=' : '>')]),
      ...(max === undefined ? [] : [this.end(type, max, max.closed ? '<=' : '<')]),
    ];
    const conditions = ends
      .flatMap((end) => end ?? [])
      .map(({ than, operator }) => sql<SqlBool>`${column} ${sql.raw(operator)} ${than}`);
    if (conditions.length < ends.length) return undefined;
    return sql<SqlBool>`(${sql.join(conditions, sql.raw(' and '))})`;
  }

  private end(
    type: FieldType,
    bound: Bound,
    operator: Operator,
  ): { operator: Operator; than: RawBuilder<unknown> } | undefined {
    const text = plain(bound.parts);
    if (text === undefined) return undefined;
    switch (type) {
      case 'text':
      case 'words':
        return { operator, than: sql`${text}` };
      case 'boolean':
      case 'texts':
        return undefined;
      case 'number': {
        const number = readNumber(text);
        return number === undefined ? undefined : { operator, than: sql`${number}::double precision` };
      }
      case 'time': {
        const span = this.time(text);
        return span && spanEnd(span, operator);
      }
    }
  }

  private time(text: string | undefined): Span | undefined {
    return text === undefined ? undefined : readTime(text, this.now);
  }
}

type Operator = '<' | '<=' | '>' | '>=';

const NAMES = {
  text: 'text',
  texts: 'list of texts',
  words: 'text',
  number: 'number',
  boolean: 'boolean (true or false)',
  time: 'time',
};

/** Before or behind a whole span: it belongs to what `>=` and `<=` take in, and not to the others. */
function spanEnd({ from, to }: Span, operator: Operator): { operator: Operator; than: RawBuilder<unknown> } {
  if (operator === '>=' || operator === '<') return { operator, than: time(from) };
  return { operator: operator === '>' ? '>=' : '<', than: time(to) };
}

const time = (ms: number): RawBuilder<unknown> => sql`${new Date(ms).toISOString()}::timestamptz`;

/** The text of a term; undefined if there are wildcards in it. */
function plain(parts: Part[]): string | undefined {
  return parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
}

function readNumber(text: string | undefined): number | undefined {
  const number = text === undefined || text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}

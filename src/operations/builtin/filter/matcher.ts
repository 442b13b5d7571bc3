import type { FilterConfig } from './interfaces.js';

type Matcher = (value: unknown) => boolean;

function toRegExp(text: unknown): RegExp {
  const [, source, flags] = (typeof text === 'string' && /^\/(.+)\/([a-z]*)$/s.exec(text)) || [];
  if (source === undefined || flags === undefined) {
    throw new Error(
      `filter: value must be a regular expression such as "/^jo/i", got ${JSON.stringify(text)}`,
    );
  }
  try {
    // without g and y: they make `test` remember where it was
    return new RegExp(source, flags.replace(/[gy]/g, ''));
  } catch (error) {
    throw new Error(`filter: value ${JSON.stringify(text)} is no valid regular expression`, { cause: error });
  }
}

function anyExpression(texts: unknown[]): Matcher {
  const expressions = texts.map(toRegExp);
  return (field) => field != null && expressions.some((expression) => expression.test(String(field)));
}

function anyValue(values: unknown[]): Matcher {
  const wanted = new Set(values);
  return (field) => wanted.has(field);
}

/**
 * The criteria as a function of a field's value; an array meets them if one of its elements does.
 *
 * @throws Error if `value` is no regular expression where one is wanted
 */
export function toMatcher({
  value,
  filter_by: filterBy,
}: Pick<FilterConfig, 'value' | 'filter_by'>): Matcher {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const meets = filterBy === 'regex' ? anyExpression(values) : anyValue(values);
  return (field) => (Array.isArray(field) ? field.some(meets) : meets(field));
}

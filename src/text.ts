/**
 * A text that anything can hold: U+FFFD in the places of NUL, which PostgreSQL has no place for, and of halves of
 * surrogate pairs, which have no form in UTF-8. Errors bring both along: `JSON.parse` quotes half an emoji.
 */
export const wellFormed = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

/** A plain value, as out of JSON, with all texts in it well-formed, names of properties too. */
export function wellFormedTexts<T>(value: T): T;
export function wellFormedTexts(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (Array.isArray(value)) return value.map((element: unknown) => wellFormedTexts(element));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, inner]) => [wellFormed(name), wellFormedTexts(inner)]));
}

/** Cuts a text to `limit` UTF-16 units, the mark of the cut included; never between a surrogate pair. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = Math.max(0, limit - 1);
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end -= 1;
  return `${text.slice(0, end)}…`;
}

import type { Part } from './parse.js';

/** A pattern for LIKE, which a whole text matches. */
export function likePattern(parts: Part[]): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part.replace(/[\\%_]/g, String.raw`\$&`);
      return part.wildcard === '*' ? '%' : '_';
    })
    .join('');
}

/** Words are runs of these; beyond ASCII everything is taken for a letter. */
const LETTERS = '0-9A-Za-z_\u0080-\u{10ffff}';
const LETTER = new RegExp(`[${LETTERS}]`, 'u');

const BETWEEN = new RegExp(`[^${LETTERS}]+`, 'u');

/** The words of a text. */
export const wordsOf = (text: string): string[] => text.split(BETWEEN).filter((word) => word !== '');

/** Any letters of a word, in a regular expression. */
const ANY = `[${LETTERS}]*`;

/**
 * A regular expression of PostgreSQL that finds the words of `parts`, one behind the other, in either case;
 * undefined if there are none. Wildcards stay within a word. Only letters and wildcards get into it, so
 * nobody writes expressions of their own. It begins with a letter to look for, where that is possible: the
 * surroundings are looked at only where the words are.
 */
export function wordPattern(parts: Part[]): string | undefined {
  const words = parts
    .map((part) => {
      if (typeof part === 'string') return letters(part);
      return part.wildcard === '*' ? ANY : `[${LETTERS}]`;
    })
    .join('')
    .split(' ')
    .filter((word) => word !== '');
  if (words.length === 0) return undefined;
  const pattern = words.join(`[^${LETTERS}]+`);
  // A word that may begin, or end, with anything has any surroundings.
  const start = pattern.startsWith(ANY) ? pattern.slice(ANY.length) : `(?<![${LETTERS}])${pattern}`;
  return start.endsWith(ANY) ? start.slice(0, -ANY.length) : `${start}(?![${LETTERS}])`;
}

/** Both cases of each letter, since columns have the collation "C", which folds none beyond ASCII. */
const letters = (text: string): string =>
  Array.from(text, (char) => {
    if (!LETTER.test(char)) return ' ';
    const cases = new Set([char, char.toLowerCase(), char.toUpperCase()]);
    return cases.size === 1 ? char : `[${[...cases].filter((one) => [...one].length === 1).join('')}]`;
  }).join('');

import { inspect } from 'node:util';
import { cut, wellFormed } from '../text.js';

const MAX_CAUSES = 10;
/** Stack frames shown of an error that has a cause; its root gets all that fit. */
const WRAPPER_FRAMES = 3;

/** Reads a property of something that may refuse to be read. */
function read(value: unknown, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** `Name: message` of an error, or what else was thrown, as far as it can be read. */
function headline(thrown: unknown, limit: number): string {
  if (isObject(thrown)) {
    const message = read(thrown, 'message');
    if (typeof message === 'string') {
      const name = read(thrown, 'name');
      const shownName = typeof name === 'string' && name !== '' ? name : 'Error';
      return cut(message === '' ? shownName : `${shownName}: ${message}`, limit);
    }
  }
  if (typeof thrown === 'string') return cut(`Error: ${thrown}`, limit);
  try {
    return cut(`Error: ${inspect(thrown, { depth: 2, breakLength: Infinity })} was thrown`, limit);
  } catch {
    return 'Error: something unreadable was thrown';
  }
}

function causeOf(thrown: unknown): unknown {
  const cause = read(thrown, 'cause');
  if (cause != null) return cause;
  try {
    // TSError, of Teraslice's libraries, hides its cause behind a method.
    const getCause = read(thrown, 'getCause');
    if (typeof getCause === 'function') return getCause.call(thrown) ?? undefined;
  } catch {
    return undefined;
  }
  const errors = read(thrown, 'errors');
  return Array.isArray(errors) ? errors[0] : undefined;
}

function causeChain(thrown: unknown): unknown[] {
  const chain = [thrown];
  for (let next = thrown; chain.length < MAX_CAUSES;) {
    if (!isObject(next)) break;
    next = causeOf(next);
    if (next == null || chain.includes(next)) break;
    chain.push(next);
  }
  return chain;
}

function frames(thrown: unknown): string[] {
  const stack = isObject(thrown) ? read(thrown, 'stack') : undefined;
  return typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : [];
}

/**
 * Whatever was thrown, as a text for people: the first line `Name: message, caused by Name: message, …`,
 * then stack frames, those of the root cause last and most of all. Well-formed. Never throws.
 *
 * @param limit longest text, in UTF-16 units
 */
export function describeError(thrown: unknown, limit = 2000): string {
  const chain = causeChain(thrown);
  const perHeadline = Math.max(80, Math.floor(limit / 2 / chain.length));
  const headlines = chain.map((link) => headline(link, perHeadline));
  let first = '';
  for (const line of headlines) {
    // A wrapper's message often quotes its cause already.
    if (first === '') first = line;
    else if (!first.includes(line)) first += `, caused by ${line}`;
  }
  const lines = [first];
  chain.forEach((link, index) => {
    const isRoot = index === chain.length - 1;
    const shown = isRoot ? frames(link) : frames(link).slice(0, WRAPPER_FRAMES);
    if (index > 0 && shown.length > 0) lines.push(`Caused by: ${headlines[index]}`);
    lines.push(...shown);
  });
  return cut(wellFormed(lines.join('\n')), limit);
}

import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { Response } from 'express';

/**
 * Characters of a value up to which it is indented, as Teraslice's answers are. White space may be hundreds of times
 * what it indents: a list of numbers 200 levels deep has 800 blanks before each.
 */
const INDENTED = 128 * 1024;
/** Characters of a list up to which it is sent as a whole, with its length and an `ETag`. */
const WHOLE = 4 * 1024 * 1024;

function print(value: unknown): string {
  const compact = JSON.stringify(value);
  return compact.length <= INDENTED ? JSON.stringify(value, null, 4) : compact;
}

export function sendJson(response: Response, value: unknown): void {
  response.type('json').send(print(value));
}

/**
 * Sends a list whose elements come page by page. A long one is sent as it is read, and read as fast as the caller
 * takes it: it may have gigabytes.
 */
export async function sendList(response: Response, pages: AsyncIterable<unknown[]>): Promise<void> {
  const parts = printedList(pages);
  let text = '';
  for (let next = await parts.next(); ; next = await parts.next()) {
    if (next.done === true) {
      response.type('json').send(text);
      return;
    }
    text += next.value;
    if (text.length > WHOLE) break;
  }
  response.type('json');
  try {
    await pipeline(
      Readable.from(
        (async function* () {
          yield text;
          yield* parts;
        })(),
      ),
      response,
    );
  } catch (error) {
    // A caller that has gone away misses nothing.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/** Each element on lines of its own, as if the whole list had been indented. */
async function* printedList(pages: AsyncIterable<unknown[]>): AsyncGenerator<string> {
  let before = '[\n    ';
  for await (const page of pages) {
    for (const element of page) {
      yield before + print(element).replaceAll('\n', '\n    ');
      before = ',\n    ';
    }
  }
  yield before.startsWith('[') ? '[]' : '\n]';
}

import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expectationOf, type Case, type Expectation, type ServerKind } from './case.js';
import type { Answer, Server } from './server.js';
import type { World } from './world.js';

/** After this many ms Teraslice's searches see what was written: OpenSearch refreshes its indexes once a second. */
const REFRESH = 2_000;

/**
 * Sends the request of a case; one that only reads from Teraslice once more if need be, for what was written just before.
 * @returns how the answer differs from what is expected; nothing if it does not
 */
export async function differences(
  one: Case,
  server: Server,
  kind: ServerKind,
  world: World,
): Promise<string[]> {
  const found = await ask(one, server, kind, world);
  if (found.length === 0 || kind !== 'teraslice' || !one.request.startsWith('GET ')) return found;
  await setTimeout(REFRESH);
  return ask(one, server, kind, world);
}

async function ask(one: Case, server: Server, kind: ServerKind, world: World): Promise<string[]> {
  const [method, path] = one.request.split(' ') as [string, string];
  const { bytes, json, text, type } = one.send ?? {};
  // Ahead of the request: what is expected may be about something that is made only when its id is wanted.
  const expected = await filled(expectationOf(one, kind), world);
  const answer = await server.send(
    method,
    await world.fill(path),
    {
      ...(json !== undefined && { json: await filledValue(json, world) }),
      ...(text !== undefined && { text }),
      ...(type !== undefined && { type }),
    },
    one.headers,
    await bytes?.(world.run),
  );
  world.note(answer);
  return compare(answer, expected);
}

const filledValue = async <T>(value: T, world: World): Promise<T> =>
  JSON.parse(await world.fill(JSON.stringify(value))) as T;

async function filled(expected: Expectation, world: World): Promise<Expectation> {
  const { message, values } = expected;
  return {
    ...expected,
    ...(typeof message === 'string' && { message: await world.fill(message) }),
    ...(values !== undefined && { values: await filledValue(values, world) }),
  };
}

/** How an answer differs from what is expected. */
export function compare(answer: Answer, expected: Expectation): string[] {
  if (answer.status !== expected.status) {
    return [`status ${answer.status} instead of ${expected.status}: ${answer.text.slice(0, 300)}`];
  }
  const found: string[] = [];
  for (const [name, pattern] of Object.entries(expected.headers ?? {})) {
    const value = answer.headers.get(name) ?? '';
    if (!pattern.test(value)) found.push(`header ${name} is "${value}", not ${pattern}`);
  }
  if (expected.text !== undefined && !expected.text.test(answer.text)) {
    found.push(`text is not ${expected.text}: ${JSON.stringify(answer.text.slice(0, 200))}`);
  }
  if (expected.message !== undefined) found.push(...compareError(answer.json, expected));
  const shape = expected.body?.safeParse(answer.json);
  for (const { path, message } of shape?.error?.issues ?? []) {
    found.push(`${path.map(String).join('.') || 'body'}: ${message}`);
  }
  for (const [path, wanted] of Object.entries(expected.values ?? {})) {
    const value = valueAt(answer.json, path);
    if (!isDeepStrictEqual(value, wanted)) {
      found.push(`${path} is ${JSON.stringify(value)}, not ${JSON.stringify(wanted)}`);
    }
  }
  return found;
}

function compareError(json: unknown, { status, message: wanted }: Expectation): string[] {
  const { error, message, ...others } = (json ?? {}) as Record<string, unknown>;
  const found = Object.keys(others).map((key) => `the error has a key ${key}`);
  if (error !== status) found.push(`error is ${JSON.stringify(error)}, not ${status}`);
  const fits =
    wanted instanceof RegExp ? typeof message === 'string' && wanted.test(message) : message === wanted;
  if (!fits) found.push(`message is ${JSON.stringify(message)}, not ${String(wanted)}`);
  return found;
}

function valueAt(value: unknown, path: string): unknown {
  let at = value;
  for (const key of path.split('.')) at = (at as Record<string, unknown> | null | undefined)?.[key];
  return at;
}

import { ConfigurationError } from '../workers/configuration-error.js';
import { requestJson } from './master-requests.js';

/** Entries of one request. */
const PAGE = 500;

/**
 * All that another server lists at a path of its REST API, oldest first. Entries of one id come once: what is
 * submitted meanwhile may shift the pages.
 * @param idField name of the id of an entry
 * @throws RefusedError if the server answers with an error; ConfigurationError if it cannot be reached
 */
export async function* listOf(
  from: string,
  path: string,
  idField: string,
): AsyncGenerator<Record<string, unknown>> {
  const seen = new Set<string>();
  for (let offset = 0; ; offset += PAGE) {
    const url = new URL(`/v1${path}?size=${PAGE}&from=${offset}&sort=_created:asc`, from);
    const page = await requestJson<Array<Record<string, unknown>>>(url);
    if (!Array.isArray(page)) throw new ConfigurationError(`${url.href} does not answer with a list`);
    for (const entry of page) {
      const id = String(entry[idField]);
      if (seen.has(id)) continue;
      seen.add(id);
      yield entry;
    }
    if (page.length < PAGE) return;
  }
}

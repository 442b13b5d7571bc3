import { ConfigurationError } from '../workers/configuration-error.js';
import { requestJson } from './master-requests.js';

/** Entries of one request. */
const PAGE = 500;

/** Entries that OpenSearch, on which a Teraslice stands, gives of one list. */
const WINDOW = 10_000;

/**
 * All that another server lists at a path of its REST API, oldest first. Entries of one id come once: what is
 * submitted meanwhile may shift the pages.
 * @param idField name of the id of an entry
 * @param filters whether the list takes a filter: then it may have more entries than one window
 * @throws RefusedError if the server answers with an error; ConfigurationError if it cannot be reached
 */
export async function* listOf(
  from: string,
  path: string,
  idField: string,
  { filters = false } = {},
): AsyncGenerator<Record<string, unknown>> {
  const seen = new Set<string>();
  let since: string | undefined;
  let offset = 0;
  for (;;) {
    const query = new URLSearchParams({ size: String(PAGE), from: String(offset), sort: '_created:asc' });
    if (since !== undefined) query.set('filter', `_created:["${since}" TO *]`);
    const url = new URL(`/v1${path}?${query}`, from);
    const page = await requestJson<Array<Record<string, unknown>>>(url);
    if (!Array.isArray(page)) throw new ConfigurationError(`${url.href} does not answer with a list`);
    if (since !== undefined && String(page[0]?._created ?? since) < since)
      throw new ConfigurationError(`${url.href} does not filter, so that only ${WINDOW} entries can be read`);
    for (const entry of page) {
      const id = String(entry[idField]);
      if (seen.has(id)) continue;
      seen.add(id);
      yield entry;
    }
    if (page.length < PAGE) return;
    offset += PAGE;
    if (!filters || offset < WINDOW) continue;
    const last = String(page.at(-1)?._created);
    if (last === since)
      throw new ConfigurationError(`${url.href} has more than ${WINDOW} entries of the same time`);
    since = last;
    offset = 0;
  }
}

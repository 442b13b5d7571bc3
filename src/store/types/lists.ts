export interface ListQuery {
  size?: number;
  from?: number;
  /** `field:asc` or `field:desc` over a known field. */
  sort?: string;
  /** In Lucene's syntax, over the known fields. A list throws CodedError BAD_FILTER or FILTER_TOO_SLOW. */
  filter?: string;
}

/**
 * A list, some elements at a time: documents have any size, so that all of a list may be more than a process can hold.
 * What is wrong with the query is thrown when the first page is asked for.
 */
export type Pages<T> = AsyncIterable<T[]>;

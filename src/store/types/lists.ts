export interface ListQuery {
  size?: number;
  from?: number;
  /** `field:asc` or `field:desc` over a known field. */
  sort?: string;
  /** In Lucene's syntax, over the known fields. A list throws CodedError BAD_FILTER if it cannot be read. */
  filter?: string;
}

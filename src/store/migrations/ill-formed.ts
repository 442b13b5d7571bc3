/**
 * NUL and halves of surrogate pairs in the text of JSON, as a regular expression of PostgreSQL, which keeps such JSON
 * and refuses to look into it. Whole pairs stand in JSON as they are.
 */
export const ILL_FORMED = String.raw`\\u(0000|d[89a-f][0-9a-f]{2})`;

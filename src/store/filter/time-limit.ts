import { type RawBuilder, sql } from 'kysely';
import { CodedError } from '../../errors.js';

/**
 * How long a filter may look for words and wildcards in texts, in ms. The embedded database does nothing else meanwhile,
 * cannot be interrupted, and knows no `statement_timeout`: it has no timers. So the statement looks at the clock itself,
 * at each row. What takes milliseconds on a calm machine gets there on any.
 */
export const TIME_LIMIT = 5_000;

/** SQLSTATE of a division by zero. Nothing else in our statements divides. */
const TOO_LATE = '22012';

/**
 * The text, if it is asked for within `limitMs` of the begin of the statement; else the statement fails. Around what is
 * compared rather than the comparison, of which the planner then knows that few rows pass it.
 */
export function inTime(text: RawBuilder<unknown>, limitMs: number): RawBuilder<unknown> {
  const early = sql`clock_timestamp() < statement_timestamp() + ${sql.lit(limitMs)} * interval '1 millisecond'`;
  return sql`(case when ${early} then ${text} else (1 / (${early})::integer)::text end)`;
}

/** Waits for a statement with a filter. @throws CodedError FILTER_TOO_SLOW */
export async function finished<T>(statement: Promise<T>): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    if ((error as { code?: unknown }).code !== TOO_LATE) throw error;
    throw new CodedError('FILTER_TOO_SLOW', { seconds: TIME_LIMIT / 1_000 }, { cause: error });
  }
}

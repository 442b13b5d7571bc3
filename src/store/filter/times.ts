/** A span of time in ms since 1970: `from` belongs to it, `to` does not. An instant spans its millisecond. */
export interface Span {
  from: number;
  to: number;
}

const UNITS = { y: 'y', M: 'M', w: 'w', d: 'd', h: 'h', H: 'h', m: 'm', s: 's' } as const;
type Unit = (typeof UNITS)[keyof typeof UNITS] | 'ms';

const MILLISECONDS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

const DATE = String.raw`(?<y>\d{4})(?:-(?<M>\d\d)(?:-(?<d>\d\d)(?:T(?<h>\d\d)(?::(?<m>\d\d)(?::(?<s>\d\d)(?:[.,](?<ms>\d{1,9}))?)?)?)?)?)?`;
const ISO = new RegExp(String.raw`^${DATE}(?<zone>Z|[+-]\d\d(?::?\d\d)?)?$`);
const MATH = /^(?:[+-]\d{1,6}[yMwdhHms]|\/[yMwdhHms]){0,10}$/;

/** What databases and JSON know as a date: the years 1 to 9999. */
export const EARLIEST = Date.parse('0001-01-01T00:00:00.000Z');
export const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Reads a time as OpenSearch's `strict_date_optional_time||epoch_millis` with date math does: `2024`,
 * `2024-05-06T07:08`, `now-1d/d`, `2024-05-06||+1M/M`, `1715000000000`. An hour or less that is left out, or what
 * is rounded to, is a span: `2024-05-06` is the whole day. A month or a day that is left out is the first one, so that
 * `2024` is the first of January. Where there is date math, only rounding makes a span. UTC unless an offset is given.
 *
 * @param now ms since 1970
 * @returns undefined if the text is no time
 */
export function readTime(text: string, now: number): Span | undefined {
  const [, anchor = text, math = ''] = /^(now|.*?(?=\|\|))(?:\|\|)?(.*)$/s.exec(text) ?? [];
  if (!MATH.test(math)) return undefined;
  const start = anchor === 'now' ? instant(now) : readAnchor(anchor);
  const span = start && (math === '' ? start : calculate(instant(start.from), math));
  return span !== undefined && span.from >= EARLIEST && span.to <= LATEST ? span : undefined;
}

const instant = (ms: number): Span => ({ from: ms, to: ms + 1 });

function readAnchor(text: string): Span | undefined {
  const fields = ISO.exec(text)?.groups;
  // Four digits are a year, as OpenSearch has it.
  if (fields === undefined) return /^-?\d{5,15}$/.test(text) ? instant(Number(text)) : undefined;
  const { y, M = '01', d = '01', h = '00', m = '00', s = '00', ms, zone = 'Z' } = fields;
  if (zone !== 'Z' && fields.h === undefined) return undefined;
  const offset = zone.replace(
    /^([+-]\d\d):?(\d\d)?$/,
    (_all, hours, minutes = '00') => `${hours}:${minutes}`,
  );
  const from = Date.parse(`${y}-${M}-${d}T${h}:${m}:${s}.${(ms ?? '').slice(0, 3).padEnd(3, '0')}${offset}`);
  if (Number.isNaN(from) || !isOnCalendar(Number(y), Number(M), Number(d))) return undefined;
  const precision = (['ms', 's', 'm', 'h'] as const).find((unit) => fields[unit] !== undefined) ?? 'd';
  return { from, to: add(from, 1, precision) };
}

/** The parser of dates takes the 31st of February for the 3rd of March. */
const isOnCalendar = (year: number, month: number, day: number): boolean =>
  new Date(Date.UTC(year < 100 ? year + 400 : year, month - 1, day)).getUTCDate() === day;

/** Rounding takes the unit around the beginning; additions move both ends. */
function calculate(start: Span, math: string): Span {
  let span = start;
  for (const step of math.match(/[+-]\d+[yMwdhHms]|\/[yMwdhHms]/g) ?? []) {
    const unit = UNITS[step.at(-1) as keyof typeof UNITS];
    if (step.startsWith('/')) {
      const from = floor(span.from, unit);
      span = { from, to: add(from, 1, unit) };
    } else {
      const count = Number(step.slice(0, -1));
      span = { from: add(span.from, count, unit), to: add(span.to, count, unit) };
    }
  }
  return span;
}

/** Months and years keep the day of the month, or take the last one that there is. */
function add(ms: number, count: number, unit: Unit): number {
  if (unit !== 'y' && unit !== 'M') return ms + count * MILLISECONDS[unit];
  const date = new Date(ms);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + (unit === 'y' ? 12 * count : count));
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return date.getTime();
}

/** The beginning of the unit, a week's being Monday. */
function floor(ms: number, unit: Unit): number {
  const date = new Date(ms);
  if (unit === 'w') return floor(ms - ((date.getUTCDay() + 6) % 7) * MILLISECONDS.d, 'd');
  if (unit !== 'y' && unit !== 'M') return Math.floor(ms / MILLISECONDS[unit]) * MILLISECONDS[unit];
  date.setUTCMonth(unit === 'y' ? 0 : date.getUTCMonth(), 1);
  return floor(date.getTime(), 'd');
}

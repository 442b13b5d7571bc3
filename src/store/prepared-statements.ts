/** How often a statement is run before it is prepared. Many texts of lists come once or twice. */
const RUNS_UNPREPARED = 3;
/** Texts that may be prepared; the database holds what it prepared for as long as it is open. */
const MAX_STATEMENTS = 200;

interface Seen {
  name: string;
  runs: number;
}

/**
 * Names the statements of a session that come again and again: what has a name is parsed once, and PostgreSQL plans it
 * once for all where that costs nothing later. None is forgotten, so there is a limit; what runs all the time is
 * among the first.
 */
export class PreparedStatements {
  private readonly seen = new Map<string, Seen>();

  /** Undefined as long as it is not worth one. */
  nameOf(text: string): string | undefined {
    const seen = this.seen.get(text) ?? this.add(text);
    if (!seen) return undefined;
    return seen.runs++ < RUNS_UNPREPARED ? undefined : seen.name;
  }

  private add(text: string): Seen | undefined {
    if (this.seen.size >= MAX_STATEMENTS) return undefined;
    const seen = { name: `s${this.seen.size}`, runs: 0 };
    this.seen.set(text, seen);
    return seen;
  }
}

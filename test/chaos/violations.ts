/** What was promised and did not hold. */
export interface Violation {
  /** Seconds since the run began. */
  at: number;
  /** The promise, such as "exactly once". */
  promise: string;
  detail: string;
}

/** Collects violations; each is said to a person at once, and once only. */
export class Violations {
  readonly list: Violation[] = [];
  private readonly known = new Set<string>();
  private readonly began = Date.now();

  constructor(private readonly say: (line: string) => void) {}

  add(promise: string, detail: string): void {
    const key = `${promise}: ${detail}`;
    if (this.known.has(key)) return;
    this.known.add(key);
    const at = Math.round((Date.now() - this.began) / 1_000);
    this.list.push({ at, promise, detail });
    this.say(`VIOLATION of "${promise}": ${detail}`);
  }
}

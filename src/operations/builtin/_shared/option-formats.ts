/** Checks for the options of operations, as convict calls them: they throw an `Error` that says what is wanted. */

export function requiredString(value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '') throw new Error('is required and must be a string');
}

export function positiveInteger(value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1) throw new Error('must be a positive integer');
}

/** Names of fields: none, or all different. */
export function fieldNames(value: unknown): void {
  if (!Array.isArray(value) || value.some((name) => typeof name !== 'string')) {
    throw new Error('must be an array of field names');
  }
  if (new Set(value).size !== value.length) throw new Error('must not name a field twice');
}

/** One character of one byte, so that fields can be told apart without decoding the text. */
export function delimiterCharacter(value: unknown): void {
  if (typeof value !== 'string' || !/^[\x01-\x7f]$/.test(value) || /["\r\n]/.test(value)) {
    throw new Error('must be a single ASCII character other than a quote or a line break');
  }
}

/** For an option of Teraslice's bundles of which only some values can be honoured here. */
export function oneOf(allowed: readonly unknown[], reason = ''): (value: unknown) => void {
  return (value) => {
    if (allowed.includes(value)) return;
    const choices = allowed.map((choice) => JSON.stringify(choice)).join(', ');
    throw new Error(`must be ${allowed.length > 1 ? 'one of ' : ''}${choices}${reason && `: ${reason}`}`);
  };
}

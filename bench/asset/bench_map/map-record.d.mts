export function mapRecord<T extends Record<string, unknown>>(record: T): T;

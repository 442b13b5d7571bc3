/** The cities as the package has them. */
export function loadCities(): Promise<Record<string, string>[]>;

/** Writes `cities.ldjson` into `directory`; gives its absolute path and how many cities it holds. */
export function prepareCities(directory?: string): Promise<{ file: string; records: number }>;

/** What is wrong with a filter, and where: `at` is the number of characters before the place. */
export class FilterError extends Error {
  constructor(
    readonly at: number,
    reason: string,
  ) {
    super(reason);
  }
}

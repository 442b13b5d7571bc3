/**
 * The message of a described error (`describeError`): what a person who wrote the operations needs. Where it was thrown
 * stands in the node's log, with this program's own frames around it.
 */
export const withoutStack = (description: string): string => description.split(/\n\s+at /, 1)[0]!;

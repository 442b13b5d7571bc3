import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { wellFormed } from '../text.js';

/**
 * Makes the texts of failures well-formed, of whatever activity. protobufjs (`writer_buffer.js`) writes halves of
 * surrogate pairs in texts of less than 40 characters as they are, and the SDK's core refuses an answer that is not
 * UTF-8: the activity is never answered, its worker ends, and the next one meets the same. Values need none of this,
 * JSON writes what is ill-formed as escapes.
 */
export const wellFormedFailures: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        for (let link = error; link instanceof Error; link = link.cause) mend(link);
        throw error;
      }
    },
  },
});

function mend(error: Error): void {
  const message = wellFormed(error.message);
  if (message !== error.message) error.message = message;
  const stack = error.stack && wellFormed(error.stack);
  if (stack !== undefined && stack !== error.stack) error.stack = stack;
}

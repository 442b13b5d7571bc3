import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { wellFormedFailures } from '../../../src/activities/well-formed-failures.js';

/** What an activity runs in; failures that a test expects are not logged. */
export const environmentOf = (): MockActivityEnvironment =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR'), interceptors: [wellFormedFailures] });

import { appendFileSync } from 'node:fs';

const HOOKS = [
  'onSliceInitialized',
  'onSliceStarted',
  'onSliceFinalizing',
  'onSliceFinished',
  'onSliceFailed',
  'onSliceRetry',
  'onFlushStart',
  'onFlushEnd',
  'onOperationStart',
  'onOperationComplete',
  'onSliceEnqueued',
  'onSliceDispatch',
  'onSliceComplete',
];

/** The class with every lifecycle hook writing a line `who hook` to the file that the job's `journal` names. */
export function recording(Base, who) {
  class Recording extends Base {
    note(hook) {
      appendFileSync(this.executionConfig.journal, `${who} ${hook}\n`);
    }

    async initialize(data) {
      await super.initialize(data);
      this.note('initialize');
    }

    async shutdown() {
      this.note('shutdown');
      await super.shutdown();
    }
  }
  for (const hook of HOOKS) {
    Recording.prototype[hook] = function note() {
      this.note(hook);
    };
  }
  return Recording;
}

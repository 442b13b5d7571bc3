import { WorkerExecutionContext } from '#job-components';

/**
 * Begins a slice as job-components 2.x does: its fetcher is called once `onSliceInitialized` of all operations has
 * resolved, and a hook that fails fails the slice. The 1.x library waits for none of them: an operation could find
 * itself in a slice that it is not ready for, and a failure ended the process.
 */
WorkerExecutionContext.prototype.initializeSlice = async function initializeSlice(slice) {
  const previous = this.sliceState?.slice.slice_id;
  if (this.status !== 'flushing') this.status = 'running';
  this.sliceState = { status: 'starting', position: -1, slice };
  if (previous !== slice.slice_id) await this.onSliceInitialized();
};

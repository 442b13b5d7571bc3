import { CodedError } from '../../src/errors.js';
import { makeCounters, makeLedger } from '../support/executions.js';
import { TestApi, UNKNOWN_ID } from './support/api.js';

let api: TestApi;
beforeAll(async () => (api = await TestApi.start()));
afterAll(() => api.close());

const ledger = makeLedger({
  issued: 9,
  completed: 5,
  failed: 2,
  recovered: 3,
  pending: [
    [0, 8, '{}'],
    [0, 9, '{}'],
  ],
});
const books = { issued: 9, completed: 5, failed: 2, pending: 2, recovered: 3, balanced: true };

it('is what the workflow says while an execution is active, and the final report ever after', async () => {
  const { ex_id, job_id } = await api.running();
  api.engine.ledgers.set(ex_id, ledger);
  for (const path of [`/v1/jobs/${job_id}`, `/ex/${ex_id}`]) {
    const { status, body } = await api.get(`${path}/ledger`);
    expect(status).toBe(200);
    expect(body).toEqual({ ex_id, job_id, status: 'running', ...books, source: 'workflow' });
  }
  await api.engine.end(ex_id, 'failed', makeLedger({ issued: 4, completed: 3, failed: 1 }));
  const { body } = await api.get(`/v1/ex/${ex_id}/ledger`);
  expect(body).toMatchObject({ status: 'failed', issued: 4, completed: 3, balanced: true, source: 'report' });
});

it('falls back to live numbers when Temporal does not know the workflow, and says when they do not balance', async () => {
  const { ex_id } = await api.running();
  expect((await api.get(`/v1/ex/${ex_id}/ledger`)).body).toMatchObject({ issued: 0, source: 'counters' });
  const counters = { ...makeCounters(10), issued: 11, completed: 10, failed: 0, pending: 0 };
  await api.store.executions.writeCounters([{ ex_id, seq: 1, counters }]);
  expect((await api.get(`/v1/ex/${ex_id}/ledger`)).body).toMatchObject({ issued: 11, balanced: false });
});

it('is not made up when Temporal cannot be asked, or of what there is not', async () => {
  const { ex_id } = await api.running();
  api.engine.outage = new CodedError('TEMPORAL_UNAVAILABLE');
  expect((await api.get(`/v1/ex/${ex_id}/ledger`)).status).toBe(503);
  api.engine.outage = undefined;
  expect((await api.get(`/v1/ex/${UNKNOWN_ID}/ledger`)).status).toBe(404);
});

import type { FailedSlice, LedgerSnapshot, SliceTuple } from '../../src/store/types.js';
import { sliceId } from '../../src/workflows/slice-id.js';
import { makeFailure, makeLedger } from '../support/executions.js';
import { Random } from '../support/random.js';
import { job, TestApi } from './support/api.js';

type State = 'completed' | 'failed' | 'pending' | 'started';
const TYPES = {
  all: ['failed', 'started', 'pending'],
  errors: ['failed'],
  pending: ['pending'],
} satisfies Record<string, State[]>;

interface Run {
  exId: string;
  /** Ids of the slices that it left undone. */
  left: Set<string>;
}

/** Plays the executions of one job, and knows what became of every slice. */
class Model {
  readonly runs: Run[] = [];
  /** By slice id, in the execution that had it last. */
  readonly states = new Map<string, State>();
  private readonly tuples = new Map<string, SliceTuple>();
  private issued = 0;

  constructor(
    private readonly api: TestApi,
    private readonly random: Random,
  ) {}

  /** Lets an execution work off what it recovers, in part, issue some slices of its own, and end. */
  async play(exId: string, goesOn: boolean): Promise<void> {
    const { random, api } = this;
    await api.engine.idle();
    const recovered = await api.store.pages.recovered(exId, 0, 10_000, 1e7);
    const read = random.chance(0.6) ? recovered.length : random.int(0, recovered.length);
    const run: Run = { exId, left: new Set() };
    const pending: SliceTuple[] = [];
    const started: SliceTuple[] = [];
    const failures: FailedSlice[] = [];
    const settle = (slice: SliceTuple): void => {
      const id = sliceId(exId, slice);
      const state = random.pick<State>(['completed', 'completed', 'failed', 'pending', 'started']);
      this.states.set(id, state);
      this.tuples.set(id, [slice[0], slice[1], slice[2], id]);
      if (state === 'pending') pending.push(slice);
      if (state === 'started') started.push(slice);
      if (state === 'failed') failures.push(makeFailure(exId, slice));
      if (state !== 'completed') run.left.add(id);
    };
    recovered.slice(0, read).forEach(settle);
    for (const slice of recovered.slice(read)) {
      this.states.set(slice[3]!, 'pending');
      run.left.add(slice[3]!);
    }
    if (goesOn && read === recovered.length) {
      for (let n = random.int(0, 5); n > 0; n--) {
        const order = ++this.issued;
        settle(random.chance(0.25) ? [0, order, '{}', `explicit-${order}`] : [0, order, '{}']);
      }
    }
    await api.store.failures.write(failures);
    const report = makeLedger({
      failed: failures.length,
      pending: [...started, ...pending],
      started: started.length,
      last: this.last,
      recoveredPosition: read < recovered.length ? read : null,
      recoverable: true,
    });
    // Some end in order; of others only the workflow knows.
    if (random.chance(0.5)) api.engine.ledgers.set(exId, report);
    await api.engine.end(exId, 'failed', api.engine.ledgers.has(exId) ? null : report);
    this.runs.push(run);
  }

  /** What a recovery of a run is to take over. */
  expected(run: Run, type: keyof typeof TYPES | undefined): SliceTuple[] {
    const line = type === undefined ? this.runs.slice(this.runs.indexOf(run)) : [run];
    const ids = new Set(line.flatMap(({ left }) => [...left]));
    const states: State[] = TYPES[type ?? 'all'];
    return [...ids].filter((id) => states.includes(this.states.get(id)!)).map((id) => this.tuples.get(id)!);
  }

  get last(): LedgerSnapshot['last'] {
    return this.issued > 0 ? [[0, this.issued, '{}']] : [];
  }
}

const sorted = (slices: SliceTuple[]): SliceTuple[] => slices.toSorted((a, b) => a[1] - b[1]);

describe('recovering an execution again', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterAll(() => api.close());

  const recover = async (exId: string, type?: string): Promise<string> => {
    const query = type === undefined ? '' : `?cleanup_type=${type}`;
    const { status, body } = await api.post(`/v1/ex/${exId}/_recover${query}`);
    expect({ status, body }).toMatchObject({ status: 200 });
    return body.ex_id;
  };

  it.each([1, 2, 3, 4, 5, 6])(
    'takes exactly what is left, whatever was recovered before and how (seed %i)',
    async (seed) => {
      const random = new Random(seed);
      const model = new Model(api, random);
      await model.play((await api.running(job())).ex_id, true);
      for (let round = 0; round < 12; round++) {
        const run = random.pick(model.runs);
        const type = random.pick([undefined, undefined, 'all', 'errors', 'pending'] as const);
        const exId = await recover(run.exId, type);
        const slices = await api.store.pages.recovered(exId, 0, 10_000, 1e7);
        expect(sorted(slices)).toEqual(sorted(model.expected(run, type)));
        const row = await api.store.executions.get(exId);
        expect(row!.recovery).toMatchObject({ last: model.last, slicerDone: false });
        for (const error of (await api.get(`/v1/ex/${run.exId}/errors?size=10000`)).body) {
          if (slices.some(([, , , id]) => id === error.slice_id)) expect(error.recovered_by).toBe(exId);
        }
        await model.play(exId, type === undefined);
      }
    },
  );
});

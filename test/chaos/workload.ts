import { join } from 'node:path';
import { Random } from '../support/random.js';
import { Track, type TrackTools } from './track.js';
import { anyWork, stream } from './work/kinds.js';
import { seedOf } from './work/work.js';

/** Keeps a number of once jobs and one persistent job running: as one ends and was checked, the next is submitted. */
export class Workload {
  readonly tracks: Track[] = [];
  private readonly lanes: Promise<void>[] = [];
  private readonly done = new Set<Track>();
  private finishing = false;

  constructor(
    private readonly tools: TrackTools,
    private readonly options: { seed: number; folder: string; lanes: number },
  ) {}

  start(): void {
    const { lanes } = this.options;
    this.lanes.push(
      this.persistentLane(),
      ...Array.from({ length: lanes }, (_, lane) => this.lane(lane + 1)),
    );
  }

  /** Submits nothing more, and resolves when everything has ended and was checked. */
  async finish(): Promise<void> {
    this.finishing = true;
    for (const track of this.tracks) track.finish();
    await Promise.all(this.lanes);
  }

  /** Jobs that were not checked yet. */
  unfinished(): Track[] {
    return this.tracks.filter((track) => !this.done.has(track));
  }

  private async lane(lane: number): Promise<void> {
    for (let number = 1; !this.finishing; number++) await this.run(`once-${lane}-${number}`, anyWork);
  }

  private persistentLane(): Promise<void> {
    return this.run('persistent', stream);
  }

  private async run(name: string, kind: typeof anyWork): Promise<void> {
    const { seed, folder } = this.options;
    const random = new Random(seedOf(seed, name));
    const track = new Track(kind(name, join(folder, name), random), this.tools, random);
    this.tracks.push(track);
    try {
      await track.run();
    } catch (error) {
      this.tools.violations.add(
        'every job can be followed to its end',
        `${name}: ${(error as Error).message}`,
      );
    } finally {
      this.done.add(track);
    }
  }
}

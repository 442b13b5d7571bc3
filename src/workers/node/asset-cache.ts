import { Readable } from 'node:stream';
import { AssetFolders } from '../../assets/folders.js';
import type { Logger } from '../../logger.js';
import type { Settings } from '../../settings.js';
import type { MasterClient } from './master-client.js';

/** Pause between two looks for folders of assets that were deleted, in ms. */
const INTERVAL_MS = 60_000;

/** The assets that a node's hosts load, fetched from a master. */
export class AssetCache {
  private readonly folders: AssetFolders;
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();

  constructor(
    settings: Pick<Settings, 'assetsDir'>,
    private readonly master: MasterClient,
    private readonly logger: Logger,
  ) {
    const fetch = async (id: string): Promise<Readable | undefined> => {
      const body = await master.asset(id);
      return body && Readable.fromWeb(body);
    };
    this.folders = new AssetFolders(settings.assetsDir, fetch);
  }

  start(): void {
    this.then(() => this.folders.sweep());
    this.timer = setInterval(
      () => this.then(() => this.folders.clean((ids) => this.master.keptAssets(ids))),
      INTERVAL_MS,
    );
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.round;
  }

  /** @throws AssetGone if there is no such asset any more, Error if it cannot be had now */
  ensure(ids: readonly string[]): Promise<void> {
    return this.folders.ensure(ids);
  }

  private then(work: () => Promise<void>): void {
    this.round = this.round.then(work).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'assets could not be cleaned up; it will be tried again');
    });
  }
}

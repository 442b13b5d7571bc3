import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import type { AssetService } from '../../api/services/assets.js';
import { ContentId } from '../../assets/content-id.js';
import { CodedError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { AssetStore } from '../../store/types.js';

/** Pause between two rounds of cleaning, in ms. */
const INTERVAL_MS = 30_000;
/** How long a deleted asset is kept at least, in ms: a job that is just being submitted may have resolved it. */
const GRACE_MS = 60_000;

/** Takes in the bundles of the autoload directory, and forgets deleted ones that nobody runs any more. */
export class AssetKeeper {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: AssetStore,
    private readonly service: AssetService,
    private readonly logger: Logger,
  ) {}

  /** @param autoloadDirectory its zip files are assets when this resolves; it need not exist */
  async start(autoloadDirectory: string): Promise<void> {
    await this.service.folders.sweep();
    await this.autoload(autoloadDirectory);
    this.timer = setInterval(() => {
      this.round = this.round
        .then(() => this.clean())
        .catch((error: unknown) => {
          this.logger.warn({ err: error }, 'deleted assets could not be cleaned up; it will be tried again');
        });
    }, INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.round;
  }

  private async clean(): Promise<void> {
    const gone = await this.store.purge(GRACE_MS);
    if (gone.length > 0) this.logger.info({ assets: gone }, 'deleted assets are gone');
    await this.service.folders.clean((ids) => this.store.kept(ids));
  }

  private async autoload(directory: string): Promise<void> {
    const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT')
        this.logger.error({ err: error, directory }, 'assets cannot be autoloaded');
      return [];
    });
    for (const name of names.filter((candidate) => candidate.endsWith('.zip')).sort()) {
      const file = join(directory, name);
      try {
        await this.load(file);
      } catch (error) {
        const known = error instanceof CodedError && error.code === 'ASSET_EXISTS';
        // One bad file must not keep the others, and the whole cluster, from working.
        if (known) this.logger.info({ file }, `not autoloaded: ${error.message}`);
        else this.logger.error({ err: error, file }, 'an asset could not be autoloaded');
      }
    }
  }

  /** Each content once: what somebody deleted afterwards does not come back with the next start. */
  private async load(file: string): Promise<void> {
    const hash = new ContentId();
    await pipeline(createReadStream(file), hash, ignored());
    const id = hash.digest();
    if (await this.store.wasAutoloaded(id)) return;
    const { created } = await this.service.save(createReadStream(file));
    await this.store.setAutoloaded(id);
    this.logger.info(
      { file, asset_id: id },
      created ? 'an asset was autoloaded' : 'the asset is there already',
    );
  }
}

const ignored = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

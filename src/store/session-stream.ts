import { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';

interface Written {
  chunk: Buffer;
}

/**
 * What a `pg` client of the embedded database takes for its socket: PGlite speaks PostgreSQL's protocol, in this process
 * and at once. PGlite's own `query` asks it five times for a statement, and `pg` once, for its messages come together.
 * Whoever has it must be the only one to talk to the database.
 */
export class SessionStream extends Duplex {
  constructor(private readonly database: Pick<PGlite, 'execProtocolRawSync'>) {
    super();
  }

  /** Called by `pg` as that of a socket. */
  connect(): void {
    process.nextTick(() => this.emit('connect'));
  }

  /** Called by `pg` as that of a socket. */
  setNoDelay(): void {
    // Nothing is delayed.
  }

  override _read(): void {
    // Answers are pushed when there are any.
  }

  override _write(message: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.ask(message, done);
  }

  override _writev(messages: Written[], done: (error?: Error) => void): void {
    this.ask(Buffer.concat(messages.map(({ chunk }) => chunk)), done);
  }

  private ask(message: Buffer, done: (error?: Error) => void): void {
    try {
      this.push(this.database.execProtocolRawSync(message));
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  }
}

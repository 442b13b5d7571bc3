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
  constructor(private readonly database: Pick<PGlite, 'execProtocolRawStream'>) {
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
    // The data is PGlite's own memory. Only this way of asking leaves it unread there, and keeps nothing of it.
    const onRawData = (data: Uint8Array): void => void this.push(Buffer.from(data));
    this.database.execProtocolRawStream(message, { syncToFs: false, onRawData }).then(() => done(), done);
  }
}

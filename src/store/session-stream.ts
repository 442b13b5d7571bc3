import { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';
import { CodedError } from '../errors.js';

interface Written {
  chunk: Buffer;
}

/** First byte of the message that ends a session, which has no answer. */
const TERMINATE = 'X'.charCodeAt(0);
/** What every other answer ends with, but for the byte of the transaction's state. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5]);
const READY_LENGTH = READY_FOR_QUERY.length + 1;
/** The message of an error that ends a session, among an answer's fields. */
const LAST_WORDS = /\0V(?:FATAL|PANIC)\0C\w{5}\0M([^\0]*)\0/;

/**
 * What a `pg` client of the embedded database takes for its socket: PGlite speaks PostgreSQL's protocol, in this process
 * and at once. PGlite's own `query` asks it five times for a statement, and `pg` once, for its messages come together.
 * Whoever has it must be the only one to talk to the database.
 *
 * Its error event (STORE_UNAVAILABLE) says that the database itself broke and must not be asked again: it did not answer to the
 * end. PGlite does not say so by itself, and goes on after a panic of PostgreSQL, for want of room on the disk for example.
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

  /** Called by `pg` as that of a socket. */
  ref(): void {
    // Nothing is waited for.
  }

  override _read(): void {
    // Answers are pushed when there are any.
  }

  override _write(message: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.exchange(message, done);
  }

  override _writev(messages: Written[], done: (error?: Error) => void): void {
    this.exchange(Buffer.concat(messages.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  private exchange(message: Buffer, done: (error?: Error) => void): void {
    this.ask(message).then(
      () => done(),
      (cause: unknown) => done(new CodedError('STORE_UNAVAILABLE', {}, { cause })),
    );
  }

  private async ask(message: Buffer): Promise<void> {
    const answer: Buffer[] = [];
    // A copy, for the data is PGlite's own memory. It is read when PGlite is done: an error thrown in here breaks it for good.
    // Only this way of asking keeps nothing of the answer there.
    const onRawData = (data: Uint8Array): void => void answer.push(Buffer.from(data));
    await this.database.execProtocolRawStream(message, { syncToFs: false, onRawData });
    if (message[0] !== TERMINATE && !isComplete(answer)) throw new Error(lastWords(answer));
    for (const chunk of answer) this.push(chunk);
  }
}

/** The end may be in two chunks. */
function isComplete(answer: Buffer[]): boolean {
  const end = Buffer.concat(answer.slice(-2).map((chunk) => chunk.subarray(-READY_LENGTH)));
  return end.subarray(-READY_LENGTH, -1).equals(READY_FOR_QUERY);
}

function lastWords(answer: Buffer[]): string {
  const [, message] = LAST_WORDS.exec(Buffer.concat(answer).toString()) ?? [];
  return message ?? 'the embedded database left a statement without an answer';
}

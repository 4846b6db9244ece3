// How much of what a client sends is looked at: its next request waits until this one is answered, and until the client has
// read its answers. What has arrived meanwhile is held, and nothing more is read.

import { Buffer } from 'node:buffer';
import type { Connection } from './connection.ts';
import * as states from './states.ts';

/** From here on answers pile up at a client that does not read them: its further requests wait. Octets. */
const ANSWER_BACKLOG = 65_536;

/** Octets of what was held that are looked at in one go; bounds what is copied when little of it can be used. */
const PIECE = 4096;

export class Intake {
  readonly #connection: Connection;
  /** Octets behind the request in hand, which are looked at when it is answered; or of a preface that is not complete. */
  #held: Buffer | null = null;
  /** Whether nothing is read. */
  paused = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get holds(): boolean {
    return this.#held !== null;
  }

  /** HOT. Whether octets of the next request can't be looked at yet. */
  get mustWait(): boolean {
    const { state, transport } = this.#connection;
    return (
      state === states.Answering ||
      this.#held !== null ||
      (state === states.Idle && transport.backlog >= ANSWER_BACKLOG)
    );
  }

  /** Keeps a copy of octets of requests that have to wait, and reads no more until they are used. */
  hold(octets: Uint8Array): void {
    this.keep(octets);
    this.pause();
  }

  /** Keeps a copy of octets behind what is kept. */
  keep(octets: Uint8Array): void {
    this.#held = this.#held === null ? Buffer.from(octets) : Buffer.concat([this.#held, octets]);
  }

  /** What is kept, which then is kept no more. */
  take(): Uint8Array | null {
    const held = this.#held;
    this.#held = null;
    return held;
  }

  /** Looks at what is held when the turn's work is done. */
  lookLater(): void {
    if (this.#held === null) this.resume();
    else this.#connection.protocol.afterTurn(() => this.look());
  }

  /** Looks at what is held, as far as it need not wait. */
  look(): void {
    const connection = this.#connection;
    const { parser } = connection.protocol;
    while (this.#held !== null) {
      const held: Buffer = this.#held;
      this.#held = null;
      if (connection.isOver) return;
      if (this.mustWait) {
        this.#held = held;
        return;
      }
      const piece = held.copy(parser.input, 0, 0, PIECE);
      connection.read(parser.inputAddress, parser.inputAddress + piece);
      // What of the piece had to wait again, and the rest behind it, are the end of what was held.
      const waiting: number = (this.#held as Buffer | null)?.length ?? 0;
      this.#held = waiting === 0 && piece === held.length ? null : held.subarray(piece - waiting);
    }
    if (connection.peerEnded && connection.exchange === null) connection.end();
    else if (connection.state !== states.Content) this.resume();
  }

  /** HOT. */
  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.#connection.deadlines.paused();
    this.#connection.transport.pause();
  }

  /** HOT. Reads on, unless something is held. */
  resume(): void {
    if (!this.paused || this.#held !== null || this.#connection.state === states.Closed) return;
    this.paused = false;
    this.#connection.deadlines.resumed();
    this.#connection.transport.resume();
  }

  forget(): void {
    this.#held = null;
  }
}

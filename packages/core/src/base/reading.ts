// One read of wsgi.input: it takes pieces of the content as they arrive until it has what was asked for.
// A promise per read, none per piece.

import { Buffer } from 'node:buffer';
import type { ContentReader, RequestBody } from '../http/request-body.ts';

const LINE_FEED = 0x0a;
const empty: Uint8Array = new Uint8Array(0);

/** A read in the order of reads. */
export interface Turn {
  /** The read that was asked for while this one was under way. */
  next: Turn | null;
  /** @param done called when the next read may begin */
  begin(body: RequestBody, done: (turn: Turn) => void): void;
}

export abstract class Reading<T> implements ContentReader, Turn {
  readonly promise: Promise<T>;
  next: Turn | null = null;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #body: RequestBody | null = null;
  #done: ((turn: Turn) => void) | null = null;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  begin(body: RequestBody, done: (turn: Turn) => void): void {
    this.#body = body;
    this.#done = done;
    this.contentArrived();
  }

  /** ContentReader: there is something to take. */
  contentArrived(): void {
    const body = this.#body as RequestBody;
    try {
      while (!this.complete) {
        const piece = body.take(this);
        if (piece === null) return;
        if (piece === undefined) break;
        const rest = this.accept(piece);
        if (rest !== null) body.putBack(rest);
      }
      this.#resolve(this.result());
    } catch (error) {
      // Nobody may be waiting for it, and a rejection that nobody handles would end the process.
      this.promise.catch(() => {});
      this.#reject(error);
    }
    this.#done?.(this);
  }

  /** Whether nothing more is wanted. */
  protected abstract get complete(): boolean;
  /** Takes a piece. @returns what of it was too much, or null */
  protected abstract accept(piece: Uint8Array): Uint8Array | null;
  protected abstract result(): T;
}

/** Everything that is left, or up to a number of octets. */
export class ReadOctets extends Reading<Uint8Array> {
  readonly #pieces = new Pieces();
  #missing: number;

  constructor(size: number) {
    super();
    this.#missing = size;
  }

  protected override get complete(): boolean {
    return this.#missing === 0;
  }

  protected override accept(piece: Uint8Array): Uint8Array | null {
    const wanted = this.#missing;
    if (piece.length <= wanted) {
      this.#missing -= piece.length;
      this.#pieces.add(piece);
      return null;
    }
    this.#missing = 0;
    this.#pieces.add(piece.subarray(0, wanted));
    return piece.subarray(wanted);
  }

  protected override result(): Uint8Array {
    return this.#pieces.joined();
  }
}

/** Lines up to and with their line feed. */
abstract class ReadUpToLineFeed<T> extends Reading<T> {
  protected pieces: Pieces = new Pieces();
  #room: number;
  protected lineEnded = false;

  constructor(limit: number) {
    super();
    this.#room = limit;
  }

  protected override get complete(): boolean {
    return this.lineEnded || this.#room === 0;
  }

  protected override accept(piece: Uint8Array): Uint8Array | null {
    const lineFeed = piece.indexOf(LINE_FEED);
    const wanted = Math.min(lineFeed === -1 ? piece.length : lineFeed + 1, this.#room);
    this.#room -= wanted;
    this.lineEnded = wanted === lineFeed + 1;
    this.pieces.add(piece.subarray(0, wanted));
    return wanted === piece.length ? null : piece.subarray(wanted);
  }
}

/** One line, or the part of one that a limit allows. */
export class ReadLine extends ReadUpToLineFeed<Uint8Array> {
  protected override result(): Uint8Array {
    return this.pieces.joined();
  }
}

/** Lines until a number of octets is reached. */
export class ReadLines extends ReadUpToLineFeed<Uint8Array[]> {
  readonly #lines: Uint8Array[] = [];
  #wanted: number;

  constructor(octets: number) {
    super(Number.POSITIVE_INFINITY);
    this.#wanted = octets;
  }

  protected override get complete(): boolean {
    return this.#wanted <= 0;
  }

  protected override accept(piece: Uint8Array): Uint8Array | null {
    const rest = super.accept(piece);
    if (this.lineEnded) this.#endLine();
    return rest;
  }

  #endLine(): void {
    const line = this.pieces.joined();
    this.pieces = new Pieces();
    this.lineEnded = false;
    this.#lines.push(line);
    this.#wanted -= line.length;
  }

  protected override result(): Uint8Array[] {
    if (!this.pieces.empty) this.#endLine();
    return this.#lines;
  }
}

/** The next piece as it arrived. */
export class ReadPiece extends Reading<IteratorResult<Uint8Array, undefined>> {
  #piece: Uint8Array | null = null;

  protected override get complete(): boolean {
    return this.#piece !== null;
  }

  protected override accept(piece: Uint8Array): null {
    this.#piece = piece;
    return null;
  }

  protected override result(): IteratorResult<Uint8Array, undefined> {
    return this.#piece === null ? { done: true, value: undefined } : { done: false, value: this.#piece };
  }
}

/** Pieces in a row that are joined before there are more of them, if they are small. */
const MANY = 1024;

/**
 * What is gathered for one read. A client may send each octet as a chunk of its own, and a list of such pieces takes a hundred
 * times as much memory as the octets: many small ones are joined on the way.
 */
class Pieces {
  #joined: Uint8Array[] | null = null;
  #recent: Uint8Array[] = [];
  /** Octets in `#recent`. */
  #octets = 0;

  get empty(): boolean {
    return this.#recent.length === 0 && this.#joined === null;
  }

  add(piece: Uint8Array): void {
    this.#recent.push(piece);
    this.#octets += piece.length;
    if (this.#recent.length < MANY) return;
    this.#joined ??= [];
    if (this.#octets < MANY * MANY) this.#joined.push(Buffer.concat(this.#recent));
    else this.#joined.push(...this.#recent);
    this.#recent = [];
    this.#octets = 0;
  }

  joined(): Uint8Array {
    const pieces = this.#joined === null ? this.#recent : [...this.#joined, ...this.#recent];
    if (pieces.length === 0) return empty;
    return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
  }
}

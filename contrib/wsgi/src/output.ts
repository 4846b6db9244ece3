// What the front has to tell a worker, gathered and written once per turn of the event loop.

import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { HEADER, writeHeader } from './protocol.ts';

const BLOCK = 65_536;
/** From here on octets are cheaper to write as they are than to copy. */
const LARGE = 8192;

export class Output {
  readonly #stream: Duplex;
  #block: Buffer = Buffer.allocUnsafeSlow(BLOCK);
  /** Where the octets begin that were not written yet, and where they end. */
  #start = 0;
  #end = 0;
  /** What is to be written before them. */
  #parts: Uint8Array[] | null = null;
  #scheduled = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  /** HOT. Where the next octets go, after {@link reserve}. */
  get block(): Buffer {
    return this.#block;
  }

  get end(): number {
    return this.#end;
  }

  /** HOT. Makes room for so many octets behind `end`. What was written to the stream is not touched again. */
  reserve(octets: number): void {
    if (this.#block.length - this.#end >= octets) return;
    // What waits to be written moves along, and so does the beginning of a message behind it.
    const waiting = this.#end - this.#start;
    const block = Buffer.allocUnsafeSlow(Math.max(BLOCK, 2 * (waiting + octets)));
    this.#block.copy(block, 0, this.#start);
    this.#block = block;
    this.#end = waiting;
    this.#start = 0;
  }

  /** HOT. `octets` behind `end` were filled. */
  advance(octets: number): void {
    this.#end += octets;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  /** Appends octets, which nobody changes any more: the rest of a message whose header says so. */
  append(octets: Uint8Array): void {
    if (octets.length < LARGE) {
      this.reserve(octets.length);
      this.#block.set(octets, this.#end);
      this.advance(octets.length);
      return;
    }
    this.#parts ??= [];
    if (this.#start !== this.#end) this.#parts.push(this.#block.subarray(this.#start, this.#end));
    this.#parts.push(octets);
    this.#start = this.#end;
    this.advance(0);
  }

  /** Appends a message. */
  message(type: number, flags = 0, request = 0, argument = 0, payload?: Uint8Array): void {
    this.reserve(HEADER);
    const length = payload === undefined ? 0 : payload.length;
    writeHeader(this.#block, this.#end, length, type, flags, request, argument);
    this.advance(HEADER);
    if (payload !== undefined) this.append(payload);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    const stream = this.#stream;
    const parts = this.#parts;
    this.#parts = null;
    if (stream.destroyed) return;
    if (parts !== null) {
      stream.cork();
      for (const part of parts) stream.write(part);
    }
    if (this.#start !== this.#end) stream.write(this.#block.subarray(this.#start, this.#end));
    if (parts !== null) stream.uncork();
    if (stream.writableLength === 0 && this.#block.length === BLOCK) {
      // The kernel has a copy of it all, so the block is free again.
      this.#end = 0;
    } else if (this.#block.length > BLOCK) {
      // One large request must not make every later block large.
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
      this.#end = 0;
    }
    this.#start = this.#end;
  };
}

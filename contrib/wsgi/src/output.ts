// What the front has to tell a worker, gathered and written once per turn of the event loop.

import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { HEADER, writeHeader } from './protocol.ts';

const BLOCK = 65_536;

export class Output {
  readonly #stream: Duplex;
  #block: Buffer = Buffer.allocUnsafeSlow(BLOCK);
  /** Where the octets begin that were not written yet, and where they end. */
  #start = 0;
  #end = 0;
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

  /** Appends a message. */
  message(type: number, flags = 0, request = 0, argument = 0, payload?: Uint8Array): void {
    const length = payload === undefined ? 0 : payload.length;
    this.reserve(HEADER + length);
    writeHeader(this.#block, this.#end, length, type, flags, request, argument);
    if (payload !== undefined) this.#block.set(payload, this.#end + HEADER);
    this.advance(HEADER + length);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#start === this.#end || this.#stream.destroyed) return;
    this.#stream.write(this.#block.subarray(this.#start, this.#end));
    if (this.#stream.writableLength === 0 && this.#block.length === BLOCK) {
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

// What passes between the front and a worker: docs/worker-protocol.md. It knows messages, not their meaning.

import { Buffer } from 'node:buffer';

export const VERSION = 1;

/** Length of the payload (4), type (1), flags (1), 0 (2), request (4), argument (4); little endian. */
export const HEADER = 16;

// Types. Both ways:
export const Hello = 1;
// From the worker:
export const Ready = 2;
export const Failed = 3;
export const Answer = 4;
export const Broken = 5;
export const Want = 6;
export const Log = 7;
// From the front:
export const Request = 16;
export const Content = 17;
export const Credit = 18;
export const Abort = 19;
export const Stop = 20;

/** Flag of Answer: a head comes first; `argument` is its length. */
export const HasHead = 1;
/** Flag of Answer, Content and Request: this was all. */
export const IsEnd = 2;
/** Flag of Request: several processes serve the application. */
export const IsMultiprocess = 4;

/** Octets of content that may be on their way without a word from the receiver. */
export const WINDOW = 262_144;
/** Octets of a payload, at most: an answer that comes in one message has a window of content and a head. */
const LONGEST = 16_777_216;

export interface MessageReceiver {
  /** `payload` is valid for as long as it is held: nobody writes to it again. */
  message(type: number, flags: number, request: number, argument: number, payload: Buffer): void;
}

/** What comes is no message: the other end is no worker, or something else writes to its descriptor 3. */
class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** Cuts what arrives into messages. */
export class MessageReader {
  readonly #receiver: MessageReceiver;
  /** The beginning of a message whose end has not arrived. */
  #pieces: Buffer[] = [];
  #collected = 0;
  /** Octets that are missing before there is anything to look at. */
  #missing = HEADER;

  constructor(receiver: MessageReceiver) {
    this.#receiver = receiver;
  }

  /** HOT. @throws {MalformedMessage} */
  read(octets: Buffer): void {
    let buffer = octets;
    if (this.#collected !== 0) {
      this.#pieces.push(octets);
      this.#collected += octets.length;
      this.#missing -= octets.length;
      if (this.#missing > 0) return;
      buffer = Buffer.concat(this.#pieces, this.#collected);
      this.#pieces = [];
      this.#collected = 0;
    }
    let at = 0;
    for (;;) {
      const left = buffer.length - at;
      if (left < HEADER) {
        this.#keep(buffer, at, HEADER - left);
        return;
      }
      const length = buffer.readUInt32LE(at);
      const type = buffer[at + 4] as number;
      if (length > LONGEST || type < Hello || type > Log) {
        throw new MalformedMessage(
          `A worker has sent something that is no message: ${buffer.toString('latin1', at, at + HEADER)}`,
        );
      }
      const start = at + HEADER;
      if (left - HEADER < length) {
        this.#keep(buffer, at, HEADER + length - left);
        return;
      }
      at = start + length;
      this.#receiver.message(
        type,
        buffer[start - 11] as number,
        buffer.readUInt32LE(start - 8),
        buffer.readUInt32LE(start - 4),
        buffer.subarray(start, at),
      );
    }
  }

  #keep(buffer: Buffer, at: number, missing: number): void {
    this.#missing = missing;
    if (at === buffer.length) return;
    this.#pieces = [at === 0 ? buffer : buffer.subarray(at)];
    this.#collected = buffer.length - at;
  }
}

/** HOT. Writes a header. */
export function writeHeader(
  buffer: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  request: number,
  argument: number,
): void {
  buffer.writeUInt32LE(length, at);
  // Type, flags and two octets that are 0.
  buffer.writeUInt32LE(type | (flags << 8), at + 4);
  buffer.writeUInt32LE(request, at + 8);
  buffer.writeUInt32LE(argument, at + 12);
}

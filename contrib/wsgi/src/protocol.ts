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
export const Hints = 8;
export const Files = 9;
export const Exited = 10;
// From the front:
export const Request = 16;
export const Content = 17;
export const Credit = 18;
export const Abort = 19;
export const Stop = 20;
export const Fork = 21;
export const Kill = 22;

/** Flag of Answer: a head comes first; `argument` is its length. */
export const HasHead = 1;
/** Flag of Answer, Content and Request: this was all. */
export const IsEnd = 2;
/** Flag of Exited: `argument` is the number of a signal, not an exit code. */
export const BySignal = 1;
/** Flag of Request: several processes serve the application. */
export const IsMultiprocess = 4;
/** Flag of Request: the content is in a file, whose path follows the environ. */
export const HasFile = 8;

/** Octets of content that may be on their way without a word from the receiver. */
export const WINDOW = 262_144;
/** Octets of a payload, at most: an answer that comes in one message has a window of content and a head. */
const LONGEST = 16_777_216;

export interface MessageReceiver {
  /** `payload` is valid only during the call: see {@link lasting}. */
  message(type: number, flags: number, request: number, argument: number, payload: Buffer): void;
}

/** What comes is no message: the other end is no worker, or something else writes to its descriptor 3. */
class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** What arrives at any channel is put here, and told before anything else can arrive. */
export const arrivals: Buffer = Buffer.allocUnsafeSlow(WINDOW);

/** HOT. A payload, or a part of one, that is still valid when the call has returned. */
export function lasting(payload: Buffer): Buffer {
  return payload.buffer === arrivals.buffer ? Buffer.from(payload) : payload;
}

/** Cuts what arrives into messages. */
export class MessageReader {
  readonly #receiver: MessageReceiver;
  /** A message whose end has not arrived, or as much as its header; not used again for another one. */
  #begun: Buffer | null = null;
  /** Octets of it that have. */
  #arrived = 0;

  constructor(receiver: MessageReceiver) {
    this.#receiver = receiver;
  }

  /** HOT. @param end where in the buffer ends what has arrived @throws {MalformedMessage} */
  read(buffer: Buffer, end: number = buffer.length): void {
    let at = this.#begun === null ? 0 : this.#complete(this.#begun, buffer, 0, end);
    while (at !== end) {
      const left = end - at;
      if (left < HEADER) {
        at = this.#complete(Buffer.allocUnsafe(HEADER), buffer, at, end);
        return;
      }
      const size = HEADER + checkedLength(buffer, at);
      if (left < size) {
        at = this.#complete(Buffer.allocUnsafeSlow(size), buffer, at, end);
        return;
      }
      this.#tell(buffer, at, size);
      at += size;
    }
  }

  /** Adds to a message what has arrived of it. @returns where that ends */
  #complete(begun: Buffer, buffer: Buffer, from: number, end: number): number {
    let message = begun;
    let at = from;
    for (;;) {
      const octets = Math.min(message.length - this.#arrived, end - at);
      buffer.copy(message, this.#arrived, at, at + octets);
      this.#arrived += octets;
      at += octets;
      if (this.#arrived < message.length) {
        this.#begun = message;
        return at;
      }
      const size = HEADER + checkedLength(message, 0);
      if (size === message.length) break;
      // Its header is complete, so now it is known how long it is.
      const whole = Buffer.allocUnsafeSlow(size);
      message.copy(whole);
      message = whole;
    }
    this.#begun = null;
    this.#arrived = 0;
    this.#tell(message, 0, message.length);
    return at;
  }

  /** HOT. */
  #tell(buffer: Buffer, at: number, size: number): void {
    this.#receiver.message(
      buffer[at + 4] as number,
      buffer[at + 5] as number,
      buffer.readUInt32LE(at + 8),
      buffer.readUInt32LE(at + 12),
      buffer.subarray(at + HEADER, at + size),
    );
  }
}

/** HOT. */
function checkedLength(buffer: Buffer, at: number): number {
  const length = buffer.readUInt32LE(at);
  const type = buffer[at + 4] as number;
  if (length <= LONGEST && type >= Hello && type <= Exited) return length;
  throw new MalformedMessage(
    `A worker has sent something that is no message: ${buffer.toString('latin1', at, at + HEADER)}`,
  );
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

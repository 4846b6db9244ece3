// Multipart content taken apart, piece by piece, by Dicer: the part of @fastify/busboy that finds boundaries and reads headers.
// What stands above it there skips what it does not understand; here nothing is lost without a word.

import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { Dicer } from '@fastify/busboy';
import { FormError, malformed } from './errors.ts';
import { beyond, checkLimit, type FormLimits } from './limits.ts';
import type { PartFields } from './part-head.ts';

/** What comes of the content, in its order: a part begins, has content, ends. */
export type PartEvent =
  | { readonly kind: 'begin'; readonly fields: PartFields }
  | { readonly kind: 'content'; readonly octets: Uint8Array }
  | { readonly kind: 'end' };

interface Part {
  readonly stream: Readable;
  /** Null while its header is not complete. */
  fields: PartFields | null;
  begun: boolean;
}

/** Octets that are parsed before what came of them is taken: bounds what many tiny parts can cost. */
const SLICE = 65_536;
const MOST_HEADER_LINES = 16;

/** Parts have their content in streams; those must never say that they are full, since they are emptied after each slice. */
const options = { partHwm: Number.MAX_SAFE_INTEGER, maxHeaderPairs: MOST_HEADER_LINES + 1 };

export class MultipartParser {
  readonly #limits: FormLimits;
  readonly #dicer: Dicer;
  /** Those that have begun and not ended; only the last one can get more content. */
  #parts: Part[] = [];
  /** Octets that the header of the last part has for certain, while it is not complete. */
  #headOctets = 0;
  #complete = false;
  #failed = false;

  /** @param boundary 1 to 70 octets */
  constructor(boundary: string, limits: FormLimits) {
    this.#limits = limits;
    // Longer headers are cut there; `#checkHead` sees that they are too long.
    this.#dicer = new Dicer({ ...options, boundary, maxHeaderSize: limits.head * 2 + 1024 } as Dicer.Config);
    this.#dicer.on('part', stream => this.#take(stream));
    this.#dicer.on('finish', () => {
      this.#complete = !this.#failed;
    });
    this.#dicer.on('error', () => {
      this.#failed = true;
    });
  }

  /**
   * Takes the next octets of the content. What follows the last boundary is no part of the form.
   * @throws {FormError} 400 or 413
   */
  *write(chunk: Uint8Array): Generator<PartEvent, void, void> {
    for (let at = 0; at < chunk.length && !this.#complete; at += SLICE) {
      const slice = chunk.subarray(at, at + SLICE);
      const before = this.#parts.at(-1);
      this.#dicer.write(slice);
      yield* this.#events();
      const open = this.#parts.at(-1);
      if (open === undefined || open.fields !== null) continue;
      // A header of which whole slices are: Dicer would read on to the end of the content.
      this.#headOctets = open === before ? this.#headOctets + slice.length : 0;
      checkLimit(this.#limits, 'head', this.#headOctets);
    }
  }

  /**
   * All of the content is here.
   * @throws {FormError} 400 when its end is missing
   */
  async *end(): AsyncGenerator<PartEvent, void, void> {
    this.#dicer.end();
    yield* this.#events();
    // Whether the last boundary was there is told by events, which come before anything else can happen.
    await setImmediate();
    if (!this.#complete) {
      throw new FormError('truncated', 'The form ends before its last boundary, or has none.');
    }
    const last = this.#parts.pop();
    if (last === undefined) return;
    if (last.fields === null) throw headless();
    yield { kind: 'end' };
  }

  /** Frees what is waiting. */
  destroy(): void {
    for (const { stream } of this.#parts) stream.destroy();
    this.#parts = [];
    this.#dicer.destroy();
  }

  #take(stream: Readable): void {
    const part: Part = { stream, fields: null, begun: false };
    this.#parts.push(part);
    stream.on('header', (fields: PartFields) => {
      part.fields = fields;
    });
    // That the content ended too early is told once, by `end`.
    stream.on('error', () => {});
  }

  /** What the parts have got since they were last looked at. */
  *#events(): Generator<PartEvent, void, void> {
    for (let at = 0; at < this.#parts.length; at += 1) {
      const part = this.#parts[at] as Part;
      const isLast = at === this.#parts.length - 1;
      if (part.fields === null) {
        if (isLast) break;
        throw headless();
      }
      if (!part.begun) {
        part.begun = true;
        this.#checkHead(part.fields);
        yield { kind: 'begin', fields: part.fields };
      }
      for (let octets = read(part.stream); octets !== null; octets = read(part.stream)) {
        yield { kind: 'content', octets };
      }
      if (!isLast) yield { kind: 'end' };
    }
    this.#parts = this.#parts.slice(-1);
  }

  #checkHead(fields: PartFields): void {
    let lines = 0;
    let octets = 0;
    for (const [name, values = []] of Object.entries(fields)) {
      for (const value of values) {
        lines += 1;
        octets += name.length + value.length + ': \r\n'.length;
      }
    }
    if (lines > MOST_HEADER_LINES || octets > this.#limits.head) throw beyond(this.#limits, 'head');
  }
}

function headless(): FormError {
  return malformed('The header of a part of the form does not end.');
}

function read(stream: Readable): Uint8Array | null {
  return stream.read() as Uint8Array | null;
}

// Several parts of a file in one answer: multipart/byteranges (RFC 9110 14.6).

import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { contentRange, type Span } from './ranges.ts';

const BLOCK_SIZE = 65_536;

/** What stands around the parts, made before anything is read: the answer's length is known. */
export class Multipart {
  readonly type: string;
  /** Octets of all. */
  readonly length: number;
  readonly #spans: readonly Span[];
  /** What comes before each part. */
  readonly #openings: readonly string[];
  readonly #ending: string;

  constructor(spans: readonly Span[], size: number, type: string) {
    // Nobody can put into a file what does not exist before it is asked for.
    const boundary = `fapws-${randomUUID()}`;
    this.type = `multipart/byteranges; boundary=${boundary}`;
    this.#spans = spans;
    this.#openings = spans.map(
      span =>
        `\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${contentRange(span, size)}\r\n\r\n`,
    );
    this.#ending = `\r\n--${boundary}--\r\n`;
    this.length =
      spans.reduce((sum, { start, end }) => sum + end - start, 0) +
      this.#openings.reduce((sum, opening) => sum + Buffer.byteLength(opening), this.#ending.length);
  }

  /** The answer, of content that is at hand. */
  of(content: Buffer): (string | Buffer)[] {
    const pieces = this.#spans.flatMap(({ start, end }, at) => [
      this.#openings[at] as string,
      content.subarray(start, end),
    ]);
    return [...pieces, this.#ending];
  }

  /** The answer, read as the client takes it. The file is closed in any case. */
  from(handle: FileHandle): AsyncIterable<string | Buffer> & { close(): Promise<void> } {
    return {
      [Symbol.asyncIterator]: () => this.#read(handle),
      close: () => handle.close(),
    };
  }

  async *#read(handle: FileHandle): AsyncGenerator<string | Buffer, void, void> {
    for (const [at, { start, end }] of this.#spans.entries()) {
      yield this.#openings[at] as string;
      for (let position = start; position < end; ) {
        const length = Math.min(BLOCK_SIZE, end - position);
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
        if (bytesRead === 0) throw new Error('The file became shorter while it was sent.');
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    }
    yield this.#ending;
  }
}
